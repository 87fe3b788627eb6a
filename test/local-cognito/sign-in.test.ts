import t from 'tap'
import { callback, challenge, cookies, localCognito, location, verifier } from './support.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

t.test('authorize, sign-in, code, token: by plain HTTP', async (t) => {
  const { domain, authorize, authorizeQuery, request, redeem } = await localCognito(t)
  const pkce = { code_challenge: challenge, code_challenge_method: 'S256', unknown: 'ignored' }

  const begun = await authorize(pkce)
  const page = await request(location(begun))
  const _csrf = /name="_csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const submitted = await request(location(begun), {
    method: 'POST',
    headers: { cookie: cookies(page) },
    body: new URLSearchParams({ username: 'ada', password: 'Passw0rd!', _csrf }),
  })
  const back = new URL(location(submitted))
  const issued = await redeem(back.searchParams.get('code') ?? '', { code_verifier: verifier })

  t.equal(begun.status, 302)
  t.equal(location(begun), `${domain}/login?${authorizeQuery(pkce)}`)
  t.equal(page.status, 200)
  t.equal(submitted.status, 302)
  t.equal(back.origin + back.pathname, callback)
  t.strictSame([...back.searchParams.keys()], ['code', 'state'])
  t.match(back.searchParams.get('code'), uuid)
  t.equal(back.searchParams.get('state'), 's1')
  t.equal(issued.status, 200)
  t.strictSame(Object.keys((await issued.json()) as object).sort(), [
    'access_token',
    'expires_in',
    'id_token',
    'refresh_token',
    'token_type',
  ])
})

t.test('every reply of the domain carries the headers and the cookie of the traces', async (t) => {
  const { authorize, token } = await localCognito(t)

  for (const answer of [await authorize(), await token({})]) {
    t.match(answer.headers.get('x-amz-cognito-request-id'), uuid)
    t.equal(answer.headers.get('cache-control'), 'no-cache, no-store, max-age=0, must-revalidate')
    t.equal(answer.headers.get('pragma'), 'no-cache')
    t.equal(answer.headers.get('expires'), '0')
    t.equal(answer.headers.get('x-frame-options'), 'DENY')
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    t.equal(answer.headers.get('x-xss-protection'), '1; mode=block')
    t.equal(answer.headers.get('strict-transport-security'), 'max-age=31536000 ; includeSubDomains')
    t.equal(answer.headers.get('server'), 'Server')
    t.match(answer.headers.get('set-cookie'), /^XSRF-TOKEN=[0-9a-f-]{36}; Path=\/; HttpOnly; SameSite=Lax$/)
  }
})

t.test('HEAD at authorize is a 302 as well', async (t) => {
  const { domain, authorizeQuery, request } = await localCognito(t)

  const answer = await request(`${domain}/oauth2/authorize?${authorizeQuery()}`, { method: 'HEAD' })

  t.equal(answer.status, 302)
  t.match(location(answer), `${domain}/login?`)
})

t.test('a browser with a session gets a code at once, for one hour from its sign-in', async (t) => {
  const { authorize, change, signIn } = await localCognito(t)
  const { cookie } = await signIn()

  const within = await authorize({}, cookie)
  await change('POST', '/clock', { offset: '59m' })
  const atTheEnd = await authorize({}, cookie)
  await change('POST', '/clock', { offset: '60m' })
  const over = await authorize({}, cookie)

  t.match(location(within), `${callback}?code=`)
  t.match(location(atTheEnd), `${callback}?code=`)
  t.match(location(over), '/login?')
})

t.test('the session cookie lasts an hour and is not Secure on plain http', async (t) => {
  const { submitLogin } = await localCognito(t)

  const set = (await submitLogin()).headers.getSetCookie().find((cookie) => cookie.startsWith('cognito='))

  t.match(set, /^cognito=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/)
})

t.test('prompt=login forces the page, prompt=none never shows it; classic login knows neither', async (t) => {
  const { authorize, change, signIn } = await localCognito(t)
  const { cookie } = await signIn()

  const forced = await authorize({ prompt: 'login' }, cookie)
  const none = await authorize({ prompt: 'none' }, cookie)
  const consent = await authorize({ prompt: 'select_account consent' }, cookie)
  await change('PATCH', '/pool', { managed_login: 1 })
  const classic = await authorize({ prompt: 'none' })

  t.match(location(forced), '/login?')
  t.match(location(none), `${callback}?code=`)
  t.match(location(consent), `${callback}?code=`)
  t.match(location(classic), '/login?')
})

t.test('a wrong password shows the page again, with a message, and nothing goes to the client', async (t) => {
  const { log, submitLogin } = await localCognito(t)

  const wrong = await submitLogin({}, 'ada', 'wrong')
  const unknown = await submitLogin({}, 'nobody', '')

  t.strictSame([wrong.status, unknown.status], [200, 200])
  const text = await wrong.text()
  t.match(text, 'Incorrect username or password.')
  t.match(text, '<form method="post"')
  t.match(text, 'value="ada"')
  t.notMatch(cookies(wrong), 'cognito=')
  t.equal((await log()).requests.at(-1)?.rule, 'wrong_password')
})

t.test('a form whose CSRF value is not the cookie is refused', async (t) => {
  const { domain, authorizeQuery, request } = await localCognito(t)
  const body = () => new URLSearchParams({ username: 'ada', password: 'Passw0rd!', _csrf: crypto.randomUUID() })
  const url = `${domain}/login?${authorizeQuery()}`

  const without = await request(url, { method: 'POST', body: body() })
  const another = await request(url, {
    method: 'POST',
    headers: { cookie: `XSRF-TOKEN=${crypto.randomUUID()}` },
    body: body(),
  })

  t.strictSame([without.status, another.status], [403, 403])
})

t.test('a second tab does not break the form in the first', async (t) => {
  const { domain, authorizeQuery, request } = await localCognito(t)
  const url = `${domain}/login?${authorizeQuery()}`
  const first = await request(url)
  const _csrf = /name="_csrf" value="([^"]+)"/.exec(await first.text())?.[1] ?? ''

  const second = await request(url, { headers: { cookie: cookies(first) } })
  const submitted = await request(url, {
    method: 'POST',
    headers: { cookie: cookies(second) },
    body: new URLSearchParams({ username: 'ada', password: 'Passw0rd!', _csrf }),
  })

  t.match(location(submitted), `${callback}?code=`)
})

t.test('two tabs that load their first page at the same time can both send their forms', async (t) => {
  const { domain, authorizeQuery } = await localCognito(t)
  const load = (userAgent: string) =>
    fetch(`${domain}/login?${authorizeQuery()}`, { headers: { 'user-agent': userAgent } })

  const [one, two, another] = await Promise.all([load('browser'), load('browser'), load('another')])

  t.equal(cookies(one), cookies(two))
  t.not(cookies(one), cookies(another))
})

t.test('managed login without a branding style has no page; classic needs none', async (t) => {
  const { authorize, change, request } = await localCognito(t)
  await change('PATCH', '/clients/1confidential', { branding: false })

  const begun = await authorize()
  const managed = await request(location(begun))
  await change('PATCH', '/pool', { managed_login: 1 })
  const classic = await request(location(begun))

  t.equal(begun.status, 302)
  t.equal(managed.status, 403)
  const text = await managed.text()
  t.match(text, 'Login pages unavailable. Please contact an administrator.')
  t.notMatch(text, '<form')
  t.equal(classic.status, 200)
})

t.test('login_hint is filled in, escaped', async (t) => {
  const { domain, authorizeQuery, request } = await localCognito(t)

  const page = await request(`${domain}/login?${authorizeQuery({ login_hint: '"><b>ada' })}`)

  t.match(await page.text(), 'value="&#34;&#62;&#60;b&#62;ada"')
})

t.test('the implicit flow answers in the fragment, an ID token only with openid, never a refresh token', async (t) => {
  const { change, submitLogin } = await localCognito(t)
  await change('PATCH', '/clients/1implicit', { scopes: ['openid', 'email', 'reports/read'] })
  const ask = { client_id: '1implicit', response_type: 'token' }

  const openid = location(await submitLogin(ask))
  const custom = location(await submitLogin({ ...ask, scope: 'reports/read', state: undefined }))

  const names = (url: string) => [...new URLSearchParams(url.slice(`${callback}#`.length)).keys()]
  t.match(openid, `${callback}#id_token=`)
  t.match(openid, '&token_type=bearer&expires_in=3600&state=s1')
  t.strictSame(names(openid), ['id_token', 'access_token', 'token_type', 'expires_in', 'state'])
  t.strictSame(names(custom), ['access_token', 'token_type', 'expires_in'])
})

t.test('an enabled identity provider leads to the local page; idpresponse leads to the error page', async (t) => {
  const { authorize, change, domain, request } = await localCognito(t)
  await change('PATCH', '/clients/1confidential', { identity_providers: ['COGNITO', 'Okta'] })

  t.match(location(await authorize({ identity_provider: 'Okta' })), '/login?')
  t.match(location(await authorize({ identity_provider: 'COGNITO' })), '/login?')
  t.match(location(await request(`${domain}/oauth2/idpresponse?code=x`)), `${domain}/error?error=invalid_request`)
})
