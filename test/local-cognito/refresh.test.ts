import { decodeJwt } from 'jose'
import t from 'tap'
import { localCognito } from './support.ts'

type Answer = { access_token: string; id_token: string; refresh_token?: string; expires_in: number }

t.test('a refresh without rotation brings no refresh token and keeps auth_time, scope and origin_jti', async (t) => {
  const { change, refresh, tokens } = await localCognito(t)
  const issued = await tokens({ nonce: 'n1' })
  await change('POST', '/clock', { offset: '2h' })

  const refreshed = (await (await refresh(issued.refresh_token)).json()) as Answer

  t.strictSame(Object.keys(refreshed).sort(), ['access_token', 'expires_in', 'id_token', 'token_type'])
  const before = decodeJwt(issued.access_token)
  const after = decodeJwt(refreshed.access_token)
  for (const claim of ['auth_time', 'scope', 'origin_jti', 'event_id', 'sub']) t.equal(after[claim], before[claim])
  t.not(after.jti, before.jti)
  t.ok(Number(after.iat) - Number(before.iat) >= 7200)
  t.equal(decodeJwt(refreshed.id_token).nonce, undefined)
})

t.test('rotation: each refresh brings a new token, the old one works for the grace period', async (t) => {
  const { change, refresh, tokens } = await localCognito(t)
  await change('PATCH', '/clients/1confidential', { rotation: { enabled: true, grace: '60s' } })
  const { refresh_token } = await tokens()

  const [one, two] = await Promise.all(
    [await refresh(refresh_token), await refresh(refresh_token)].map(async (answer) => (await answer.json()) as Answer),
  )
  await change('POST', '/clock', { offset: '30s' })
  const inGrace = await refresh(refresh_token)
  await change('POST', '/clock', { offset: '65s' })
  const afterGrace = await refresh(refresh_token)
  const successor = await refresh(one?.refresh_token ?? '')

  t.not(one?.refresh_token, refresh_token)
  t.not(one?.refresh_token, two?.refresh_token)
  t.equal(inGrace.status, 200)
  t.equal(await afterGrace.text(), '{"error":"invalid_grant"}')
  t.equal(successor.status, 200)
})

t.test('rotation without grace: the old token dies at once', async (t) => {
  const { change, refresh, tokens } = await localCognito(t)
  await change('PATCH', '/clients/1confidential', { rotation: { enabled: true, grace: '0s' } })
  const { refresh_token } = await tokens()

  const both = await Promise.all([refresh(refresh_token), refresh(refresh_token)])

  t.strictSame(both.map(({ status }) => status).sort(), [200, 400])
})

t.test('a rotated token lives for the rest of the life of the first', async (t) => {
  const { change, refresh, tokens } = await localCognito(t)
  await change('PATCH', '/clients/1confidential', { rotation: { enabled: true }, refresh_token: '1h' })
  const { refresh_token } = await tokens()
  await change('POST', '/clock', { offset: '59m' })
  const rotated = (await (await refresh(refresh_token)).json()) as Answer

  await change('POST', '/clock', { offset: '60m' })
  const over = await refresh(rotated.refresh_token ?? '')

  t.equal(await over.text(), '{"error":"invalid_grant"}')
})

t.test('lifetimes are the client’s, and expires_in is the access token’s in seconds', async (t) => {
  const { change, tokens } = await localCognito(t)
  await change('PATCH', '/clients/1confidential', { access_token: '5s', id_token: '10m' })

  const { access_token, id_token, expires_in } = await tokens()

  t.equal(expires_in, 5)
  const lifetime = (token: string) => Number(decodeJwt(token).exp) - Number(decodeJwt(token).iat)
  t.equal(lifetime(access_token), 5)
  t.equal(lifetime(id_token ?? ''), 600)
})
