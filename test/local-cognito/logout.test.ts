import t from 'tap'
import { callback, cookies, form, localCognito, location, signedOut } from './support.ts'

const notPresent = '/error?error=Required+String+parameter+%27redirect_uri%27+is+not+present'

t.test('logout_uri: the session ends, 302 to it, other parameters are ignored', async (t) => {
  const { authorize, domain, request, signIn } = await localCognito(t)
  const { cookie } = await signIn()
  const query = form({
    client_id: '1confidential',
    logout_uri: signedOut,
    redirect_uri: 'https://x.example',
    state: 'x',
  })

  const answer = await request(`${domain}/logout?${query}`, { headers: { cookie } })

  t.equal(answer.status, 302)
  t.equal(location(answer), signedOut)
  t.match(answer.headers.getSetCookie().join(), 'cognito=; Max-Age=0;')
  t.match(location(await authorize({}, cookie)), '/login?')
})

t.test('redirect_uri and response_type: the session ends, 302 to the sign-in page with them', async (t) => {
  const { authorize, domain, request, signIn } = await localCognito(t)
  const { cookie } = await signIn()
  const query = form({
    client_id: '1confidential',
    response_type: 'code',
    redirect_uri: callback,
    state: 's2',
    scope: 'openid',
  })

  const answer = await request(`${domain}/logout?${query}`, { headers: { cookie } })

  t.equal(location(answer), `${domain}/login?${query}`)
  t.equal((await request(location(answer), { headers: { cookie: cookies(answer) } })).status, 200)
  t.match(location(await authorize({}, cookie)), '/login?')
})

const refusals: [cause: string, ask: Record<string, string>, page: string][] = [
  ['no client_id', { logout_uri: signedOut }, '/error?error=Required+parameters+missing'],
  ['unknown client', { client_id: 'x', logout_uri: signedOut }, '/error?error=invalid_request&client_id=x'],
  ['neither form', { client_id: '1confidential' }, notPresent],
  ['an unregistered logout_uri', { client_id: '1confidential', logout_uri: 'https://x.example/' }, notPresent],
  ['a logout_uri with one slash more', { client_id: '1confidential', logout_uri: `${signedOut}/` }, notPresent],
  ['the OpenID name', { client_id: '1confidential', post_logout_redirect_uri: signedOut }, notPresent],
  [
    'no response_type',
    { client_id: '1confidential', redirect_uri: callback },
    '/error?error=Required+String+parameter+%27response_type%27+is+not+present',
  ],
  [
    'a redirect_uri that is a sign-out URL',
    { client_id: '1confidential', redirect_uri: signedOut, response_type: 'code' },
    '/error?error=redirect_mismatch&client_id=1confidential',
  ],
]

t.test('refusals go to the error page and leave the session alone', async (t) => {
  const { authorize, domain, request, signIn } = await localCognito(t)
  const { cookie } = await signIn()

  for (const [cause, ask, page] of refusals) {
    await t.test(cause, async (t) => {
      const answer = await request(`${domain}/logout?${form(ask)}`, { headers: { cookie } })

      t.equal(answer.status, 302)
      t.equal(location(answer), `${domain}${page}`)
      t.match(location(await authorize({}, cookie)), `${callback}?code=`)
    })
  }
})

t.test('the error page says what is not present', async (t) => {
  const { domain, request } = await localCognito(t)

  const page = await request(`${domain}${notPresent}`)

  t.match(await page.text(), "Required String parameter 'redirect_uri' is not present")
})
