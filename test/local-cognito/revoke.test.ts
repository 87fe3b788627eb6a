import t from 'tap'
import { localCognito } from './support.ts'

const confidential = '1confidential:local-secret'

t.test('a revoked refresh token takes its sign-in with it, at these endpoints', async (t) => {
  const { post, refresh, tokens, userInfo } = await localCognito(t)
  const mine = await tokens()
  const other = await tokens()

  const answer = await post('/oauth2/revoke', { token: mine.refresh_token }, confidential)

  t.equal(answer.status, 200)
  t.equal(await answer.text(), '')
  t.equal((await refresh(mine.refresh_token)).status, 400)
  t.equal((await userInfo(mine.access_token)).status, 401)
  t.equal((await refresh(other.refresh_token)).status, 200)
})

t.test('an unknown, revoked or foreign token is 200 as well, and a foreign one stays good', async (t) => {
  const { post, refresh, tokens } = await localCognito(t)
  const { refresh_token } = await tokens()

  const unknown = await post('/oauth2/revoke', { token: 'made-up' }, confidential)
  const foreign = await post('/oauth2/revoke', { token: refresh_token, client_id: '1public' })
  const stillGood = await refresh(refresh_token)
  await post('/oauth2/revoke', { token: refresh_token }, confidential)
  const again = await post('/oauth2/revoke', { token: refresh_token }, confidential)

  t.strictSame([unknown.status, foreign.status, stillGood.status, again.status], [200, 200, 200, 200])
})

t.test('refusals: 400, and 401 for bad client credentials', async (t) => {
  const { change, post, tokens } = await localCognito(t)
  const { access_token, refresh_token } = await tokens()

  const missing = await post('/oauth2/revoke', {}, confidential)
  const access = await post('/oauth2/revoke', { token: access_token }, confidential)
  const wrong = await post('/oauth2/revoke', { token: refresh_token }, '1confidential:wrong')
  await change('PATCH', '/clients/1confidential', { revocation: false })
  const off = await post('/oauth2/revoke', { token: refresh_token }, confidential)

  t.strictSame([missing.status, await missing.text()], [400, '{"error":"invalid_request"}'])
  t.strictSame([access.status, await access.text()], [400, '{"error":"unsupported_token_type"}'])
  t.strictSame([wrong.status, await wrong.text()], [401, '{"error":"invalid_client"}'])
  t.strictSame([off.status, await off.text()], [400, '{"error":"invalid_request"}'])
})
