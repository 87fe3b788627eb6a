import t from 'tap'
import { callback, localCognito, location } from './support.ts'

const confidential = '1confidential:local-secret'
const bogus = { grant_type: 'refresh_token', refresh_token: 'made-up' }

t.test('a status fault answers so many times, in the order set, without touching anything', async (t) => {
  const { change, redeem, signIn } = await localCognito(t)
  const { code } = await signIn()
  await change('POST', '/faults', { endpoint: 'token', status: 503, headers: { 'retry-after': '2' }, times: 1 })
  await change('POST', '/faults', { endpoint: 'token', status: 429, body: { error: 'slow_down' }, times: 1 })

  const first = await redeem(code)
  const second = await redeem(code)
  const third = await redeem(code)

  t.equal(first.status, 503)
  t.equal(first.headers.get('retry-after'), '2')
  t.strictSame([second.status, await second.json()], [429, { error: 'slow_down' }])
  t.equal(third.status, 200)
})

t.test('a fault without endpoint is for each; DELETE ends it', async (t) => {
  const { authorize, change, issuer, request } = await localCognito(t)
  await change('POST', '/faults', { status: 500 })

  const both = [await authorize(), await request(`${issuer}/.well-known/jwks.json`)]
  await change('DELETE', '/faults')

  t.strictSame(
    both.map(({ status }) => status),
    [500, 500],
  )
  t.equal((await authorize()).status, 302)
})

t.test('a delay is by the real clock', async (t) => {
  const { authorize, change } = await localCognito(t)
  await change('POST', '/faults', { endpoint: 'authorize', delay: '100ms', times: 1 })
  const begun = performance.now()

  const answer = await authorize()

  t.equal(answer.status, 302)
  t.ok(performance.now() - begun >= 95)
})

t.test('a hang never answers and does nothing; the log shows it', async (t) => {
  const { change, log, request, domain, redeem, signIn } = await localCognito(t)
  const { code } = await signIn()
  await change('POST', '/faults', { endpoint: 'token', hang: true, times: 1 })

  const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: callback })
  const hung = request(`${domain}/oauth2/token`, { method: 'POST', body, signal: AbortSignal.timeout(200) })

  await t.rejects(hung, { name: 'TimeoutError' })
  t.match((await log()).requests.at(-1), { endpoint: 'token', status: null, rule: 'fault_hang' })
  t.equal((await redeem(code)).status, 200)
})

t.test('a truncated answer was carried out, and breaks off after its first half', async (t) => {
  const { change, redeem, signIn } = await localCognito(t)
  const { code } = await signIn()
  await change('POST', '/faults', { endpoint: 'token', truncate: true, times: 1 })

  const answer = await redeem(code)
  const reader = answer.body?.getReader()
  const first = await reader?.read()

  t.equal(answer.status, 200)
  const promised = Number(answer.headers.get('content-length'))
  t.ok(promised > 1000)
  t.equal(first?.value?.length, Math.floor(promised / 2))
  await t.rejects(async () => await reader?.read(), { message: 'terminated' })
  t.equal(await (await redeem(code)).text(), '{"error":"invalid_grant"}')
})

t.test('a truncated redirect breaks off too', async (t) => {
  const { authorize, change } = await localCognito(t)
  await change('POST', '/faults', { endpoint: 'authorize', truncate: true, times: 1 })

  const answer = await authorize()

  await t.rejects(answer.text())
})

t.test('the clock moves every expiry, back as well', async (t) => {
  const { authorize, change, signIn } = await localCognito(t)
  const { cookie } = await signIn()

  const moved = await change('POST', '/clock', { offset: '2h' })
  const over = await authorize({}, cookie)
  await change('POST', '/clock', { offset: '0s' })
  const again = await authorize({}, cookie)
  await change('POST', '/clock', { offset: '-10m' })

  t.equal(moved.body.offset, '2h')
  t.ok(Date.parse(String(moved.body.now)) - Date.now() > 7_190_000)
  t.match(location(over), '/login?')
  t.match(location(again), `${callback}?code=`)
})

t.test('a client is changed key by key, rotation within', async (t) => {
  const { authorize, change, refresh, token, tokens } = await localCognito(t)
  await change('PATCH', '/clients/1confidential', { rotation: { grace: '0s' } })
  await change('PATCH', '/clients/1confidential', { rotation: { enabled: true } })
  const { refresh_token } = await tokens()

  await refresh(refresh_token)
  const usedUp = await refresh(refresh_token)
  const changed = await change('PATCH', '/clients/1confidential', {
    secrets: ['fresh'],
    callback_urls: [`${callback}2`],
  })

  t.equal(await usedUp.text(), '{"error":"invalid_grant"}')
  t.strictSame(changed.body, { changed: ['secrets', 'callback_urls'] })
  t.match(location(await authorize()), 'redirect_mismatch')
  t.equal(await (await token(bogus, confidential)).text(), '{"error":"invalid_client"}')
  t.equal(await (await token(bogus, '1confidential:fresh')).text(), '{"error":"invalid_grant"}')
})

t.test('reset: all as it was at the start', async (t) => {
  const { authorize, change, log, refresh, signIn, tokens } = await localCognito(t)
  const { cookie } = await signIn()
  const { refresh_token } = await tokens()
  await change('POST', '/clock', { offset: '1m' })
  await change('POST', '/faults', { status: 500 })
  await change('PATCH', '/clients/1confidential', { oauth: false })
  await change('PATCH', '/pool', { domain: false, users: [] })

  await change('POST', '/reset')

  t.match(await log(), { requests: [], counts: { token: 0, login: 0 } })
  t.match(location(await authorize({}, cookie)), '/login?')
  t.equal(await (await refresh(refresh_token)).text(), '{"error":"invalid_grant"}')
  t.ok((await tokens()).access_token)
})

t.test('the log counts by endpoint and holds no secret, code or token', async (t) => {
  const { change, log, redeem, refresh, signIn, userInfo, request, domain } = await localCognito(t)
  const { code } = await signIn({ state: 'secret-state' })
  const issued = (await (await redeem(code)).json()) as { access_token: string; refresh_token: string }
  await refresh(issued.refresh_token)
  await userInfo(issued.access_token)
  await request(`${domain}/nothing?code=${code}`)

  const kept = await log()

  t.strictSame(kept.counts, {
    authorize: 0,
    login: 2,
    token: 2,
    userInfo: 1,
    revoke: 0,
    logout: 0,
    discovery: 0,
    jwks: 0,
  })
  t.strictSame(Object.keys(kept.requests[0] ?? {}), [
    'time',
    'method',
    'path',
    'endpoint',
    'status',
    'client_id',
    'rule',
  ])
  t.match(kept.requests[2], {
    method: 'POST',
    path: '/oauth2/token',
    endpoint: 'token',
    status: 200,
    client_id: '1confidential',
    rule: null,
  })
  t.match(kept.requests.at(-1), { path: '/nothing', endpoint: null, status: 404, rule: 'path_unknown' })
  const text = JSON.stringify(kept)
  for (const secret of [code, issued.access_token, issued.refresh_token, 'local-secret', 'Passw0rd!', 'secret-state']) {
    t.notMatch(text, secret)
  }
  await change('POST', '/reset')
})

const invalid: [method: string, path: string, body: unknown, message: string | RegExp][] = [
  ['POST', '/clock', { offset: 'soon' }, 'offset must be a duration such as 5m or -5m'],
  ['POST', '/clock', {}, 'must have offset'],
  ['POST', '/clock', [], 'the body must be a JSON object'],
  ['POST', '/faults', { endpoint: 'tokens', status: 500 }, /^endpoint must be one of authorize, login, token/],
  ['POST', '/faults', { endpoint: 'token' }, /^must have at least one of status/],
  ['POST', '/faults', { endpoint: 'token', error: 'server_error' }, /^error needs the endpoint authorize or login/],
  ['POST', '/faults', { status: 99 }, /^status /],
  ['POST', '/faults', { status: 500, time: 3 }, 'must not have time'],
  ['POST', '/keys/rotate', { keep_old: 'yes' }, /^keep_old /],
  ['PATCH', '/clients/1confidential', { flow: ['code'] }, 'must not have flow'],
  ['PATCH', '/clients/1confidential', { flows: ['password'] }, /^flows.0 must be one of code, implicit/],
  ['PATCH', '/clients/1confidential', { id: 'other' }, 'id cannot be changed'],
  ['PATCH', '/pool', { managed_login: 3 }, 'managed_login must be one of 1, 2'],
  ['PATCH', '/pool', { clients: [] }, 'must not have clients'],
]

t.test('an invalid switch is 400, says what is wrong, and changes nothing', async (t) => {
  const { change, control, request, authorize } = await localCognito(t)

  for (const [method, path, body, message] of invalid) {
    await t.test(`${method} ${path} ${JSON.stringify(body)}`, async (t) => {
      const answer = await change(method, path, body)

      t.equal(answer.status, 400)
      t.match(answer.body.error, message)
    })
  }
  t.equal((await request(`${control}/clock`, { method: 'POST', body: '{' })).status, 400)
  t.match(location(await authorize()), '/login?')
})

t.test('no Cognito path lives on the control port, no switch elsewhere, and web pages are kept out', async (t) => {
  const { change, control, domain, issuer, request } = await localCognito(t)

  t.equal((await request(`${control}/oauth2/authorize`)).status, 404)
  t.equal((await request(`${control}/.well-known/openid-configuration`)).status, 404)
  t.equal((await change('PATCH', '/clients/nobody', {})).status, 404)
  t.equal((await request(`${domain}/log`)).status, 404)
  t.equal((await request(`${new URL(issuer).origin}/log`)).status, 400)
  t.equal((await request(`${control}/reset`, { method: 'POST', headers: { origin: 'https://x.example' } })).status, 403)
})
