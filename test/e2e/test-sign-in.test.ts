import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { type Answer, createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, storedKeys } from '../support/redis.ts'
import { type ConfigPatch, type Stack, startGateway, startParts, startStack } from '../support/stack.ts'

const client = '1localexample'
const clock = { at: Date.now() }
const lines: string[] = []
const redis = await startRedis(t)
const stack = await startStack(t, {
  config: { store: { url: redis.url }, encryption_keys: [randomBytes(32).toString('base64')] },
  provider: { scopes: ['openid', 'profile', 'email'] },
  now: () => clock.at,
  log: (line) => lines.push(line),
  isDev: true,
})
const { origin, control, cognito, echo } = stack
const page = `${origin}/oauth/test`
const sameOrigin = { 'sec-fetch-site': 'same-origin' }

t.afterEach(() => control.reset())

type Browser = ReturnType<typeof createBrowser>

/** Runs a test sign-in and gives the page it ends on. */
async function run(browser: Browser, route = 'tool', at = origin): Promise<Answer> {
  const { location } = await post(browser, { provider: 'cognito', route }, at)
  const page = await browser.open(new URL(location ?? '', at).href)
  return page.url.startsWith(at) ? page : browser.submitSignIn(page, 'ada')
}

const post = (
  browser: Browser,
  form: Record<string, string>,
  at = origin,
  headers: Record<string, string> = sameOrigin,
) => browser.load(`${at}/oauth/test`, { method: 'POST', headers, form })

/** Runs a test sign-in up to the page that shows it. */
async function comeBack(browser: Browser, at = origin): Promise<void> {
  const { location = '' } = await post(browser, { provider: 'cognito', route: 'tool' }, at)
  const { location: back } = await browser.load(await browser.callbackOf(location))
  if (back !== '/oauth/test') throw new Error(`came back to ${back}`)
}

const tokenCalls = ({ counts }: Awaited<ReturnType<typeof control.log>>) => counts.token

/** What the report says of each step. */
function steps({ body }: Answer): Record<string, string> {
  const items = body.matchAll(/<h3>\d\. ([\w ]+) <span class="badge \w+">(\w+)<\/span><\/h3>\s*<p[^>]*>([^<]*)</g)
  return Object.fromEntries([...items].map(([, title, status, result]) => [title, `${status}: ${result}`]))
}

/** What is stored, once all that was to be revoked is. */
async function storedAtRest(): Promise<readonly string[]> {
  for (;;) {
    const keys = await storedKeys(redis.url)
    if (!keys.some((key) => /:r:|revocations$/.test(key))) return keys
    await setTimeout(20)
  }
}

t.test('a test passes every step, ends with the call, and leaves nothing behind', async (t) => {
  const browser = createBrowser()
  echo.received.length = 0

  const page = await run(browser)

  t.match(page, { status: 200, url: `${origin}/oauth/test` })
  t.match(page.body, /<h2>Sign-in test passed<\/h2>/)
  t.match(steps(page), {
    Authorize: 'Passed: Asked for openid profile email',
    Callback: /^Passed/,
    'Code exchange': 'Passed: Access token and refresh token received',
    'ID token': /^Passed/,
    'User info': /^Passed: The user is [\w-]+$/,
    Scopes: 'Passed: Granted: openid profile email',
    Refresh: 'Passed: New tokens received',
    Call: 'Passed: tool answered 200',
  })
  t.match(echo.received, [
    { url: '/tool', headers: { authorization: /^Bearer ey/, 'x-forwarded-email': 'ada@example.com' } },
  ])
  t.strictSame(await storedAtRest(), [], 'no session, no token set')
  t.strictSame(
    [...browser.cookies(origin).keys()].filter((name) => name.startsWith('toolgate')).sort(),
    ['toolgate.u'],
    'no session cookie, no attempt, no code left',
  )
  t.equal((await browser.load(`${origin}/oauth/me`, { headers: { accept: '*/*' } })).status, 302)
  await revoked(1)
})

t.test('the refresh token of a test is no longer good afterwards', async (t) => {
  await control.client(client, { rotation: { enabled: true, grace: '60s' } })

  const page = await run(createBrowser())

  t.match(steps(page).Refresh, 'Passed: New tokens received, the refresh token rotates')
  t.match(page.body, 'Sign-in test passed')
  await revoked(2)
})

t.test('who is signed in stays so, with the same session', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`, 'grace')
  const session = browser.cookies(origin).get('toolgate')
  const stored = await storedAtRest()
  browser.cookies(cognito.domain).delete('cognito')

  const page = await run(browser)

  t.match(page.body, 'Sign-in test passed')
  t.strictSame(browser.cookies(origin).get('toolgate'), session)
  t.strictSame(await storedAtRest(), stored)
  const me = await browser.send(`${origin}/oauth/me`, { headers: sameOrigin })
  t.match(JSON.parse(me.body), { email: 'grace@example.com' })
})

t.test('what came back is looked at once, within a minute, by the browser that brought it', async (t) => {
  const browser = createBrowser()
  const showsForm = (page: Answer) => t.match(page.body, /<h1>Test sign-in<\/h1>[\s\S]*Start the test/)

  await comeBack(browser)
  showsForm(await createBrowser().load(page))
  showsForm(await browser.load(page, { method: 'HEAD' }).then(() => createBrowser().load(page)))
  t.match((await browser.load(page)).body, 'Sign-in test passed', 'also after somebody looked with HEAD')
  showsForm(await browser.load(page))

  await comeBack(browser)
  clock.at += 60_000
  showsForm(await browser.load(page))
  t.equal(tokenCalls(await control.log()), 2, 'one exchange and one refresh')
})

t.test('the report is sent like any page of ours, and part by part', async (t) => {
  const browser = createBrowser()
  await comeBack(browser)

  const { headers } = await browser.load(page)

  const { headers: form } = await browser.load(page)
  for (const name of ['content-security-policy', 'content-type', 'cache-control', 'referrer-policy', 'x-frame-options'])
    t.equal(headers[name], form[name], name)
  t.match(headers, { 'transfer-encoding': 'chunked', 'x-accel-buffering': 'no' })
})

t.test('the same browser cannot have codes exchanged more often than others', async (t) => {
  const slow = await startStack(t, { provider: { max_rate: 1 }, isDev: true })
  const browser = createBrowser()
  await comeBack(browser, slow.origin)
  const cookie = browser.cookieHeader(slow.origin)
  const again = () => createBrowser().load(`${slow.origin}/oauth/test`, { headers: { cookie } })

  const answers = [await again(), await again(), await again()]

  t.equal(answers.at(0)?.status, 200)
  t.equal(answers.at(-1)?.status, 429)
})

t.test('what a route needs is asked for, and its refusal is the report’s', async (t) => {
  const needy = await startStack(t, {
    config: { routes: [{ name: 'reports', path: '/reports', upstream: echo.url, scopes: ['reports/read'] }] },
    isDev: true,
  })
  const granted = steps(await run(createBrowser(), 'reports', needy.origin))
  await needy.control.client(client, { scopes: ['openid', 'profile', 'email'] })
  const refused = await run(createBrowser(), 'reports', needy.origin)

  t.match(granted.Scopes, /Granted: .*reports\/read/)
  t.match(granted.Call, 'Passed: reports answered 200')
  t.match(steps(refused).Authorize, /^Failed: invalid_request: invalid_scope/)
  t.match(refused.body, 'docs/scope-not-enabled.md')
})

t.test('what was right a moment ago is asked again for a test, and for it alone', async (t) => {
  const browser = createBrowser()
  t.match((await run(browser)).body, 'Sign-in test passed')
  await control.client(client, { branding: false })

  const { location } = await createBrowser().load(`${origin}/oauth/sign-in`)
  const page = await run(browser)

  t.match(location, cognito.domain, 'people are not kept')
  t.match(steps(page).Authorize, /^Failed: .*no branding style/)
})

const failures: readonly [string, ConfigPatch, string, RegExp][] = [
  [
    'the authorization endpoint fails',
    { endpoint: 'authorize', status: 503 },
    'Authorize',
    /503, a failure of the server/,
  ],
  [
    'the authorization endpoint breaks off',
    { endpoint: 'authorize', truncate: true },
    'Authorize',
    /the connection broke/,
  ],
  ['the token endpoint fails', { endpoint: 'token', status: 503 }, 'Code exchange', /status 503/],
  [
    'the token endpoint says no',
    { endpoint: 'token', status: 400, body: { error: 'invalid_grant' } },
    'Code exchange',
    /invalid_grant/,
  ],
  ['the keys cannot be had', { endpoint: 'jwks', status: 500 }, 'ID token', /keys could not be fetched/],
  ['the user info fails', { endpoint: 'userInfo', status: 500 }, 'User info', /status 500|user info/],
]
for (const [name, fault, step, result] of failures) {
  t.test(`${name}: the report says so`, async (t) => {
    const fresh = await startStack(t, { isDev: true })
    await fresh.control.fault(fault)

    const page = await run(createBrowser(), 'tool', fresh.origin)

    t.match(page, { status: 200, url: `${fresh.origin}/oauth/test` })
    t.match(page.body, 'Sign-in test failed')
    t.match(steps(page)[step], /^Failed/)
    t.match(steps(page)[step], result)
    if (step !== 'User info') t.match(steps(page).Call, /^Skipped/)
  })
}

t.test('a provider that is not there: the report says so at the first step', async (t) => {
  const domain = `http://127.0.0.1:${await freePort()}`
  const away = await startStack(t, { provider: { domain, issuer: `${domain}/pool` }, isDev: true })

  const page = await run(createBrowser(), 'tool', away.origin)

  t.match(steps(page).Authorize, /^Failed: Nobody could be asked .*the connection was refused/)
  t.match(page.body, 'See that this machine reaches it')
})

t.test('a tool that says no, or nothing, fails the last step', async (t) => {
  const gone = await startStack(t, {
    config: { routes: [{ name: 'gone', path: '/gone', upstream: `http://127.0.0.1:${await freePort()}` }] },
    isDev: true,
  })

  const page = await run(createBrowser(), 'gone', gone.origin)

  t.equal(steps(page).Call, 'Failed: gone did not answer')
})

t.test('a form of another site starts nothing, and neither does one that names what is not there', async (t) => {
  const browser = createBrowser()
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example', 'sec-fetch-site': '' },
  ]
  for (const headers of foreign) t.equal((await post(browser, { provider: 'cognito' }, origin, headers)).status, 403)
  const wrong = [
    { provider: 'nobody' },
    { provider: 'cognito', route: 'nowhere' },
    { provider: 'cognito', route: 'open' },
    {},
  ]
  for (const form of wrong)
    t.equal((await post(browser, form as Record<string, string>)).status, 400, JSON.stringify(form))
  t.strictSame((await control.log()).requests, [])
  t.equal(browser.cookies(origin).size, 0)
})

t.test('a tool is called with a token of a provider whose people may enter, of no other', async (t) => {
  const parts = await startParts(t)
  const hub = { type: 'oauth2', client_id: 'hub-client', client_secret: 'hub-secret', scopes: ['read'] }
  const endpoints = { authorization_endpoint: `${cognito.domain}/a`, token_endpoint: `${cognito.domain}/t` }
  const providers = { ...parts.yaml.providers, hub: { ...hub, ...endpoints } }
  await startGateway(t, { ...parts.yaml, providers, log: { level: 'fatal' } }, { isDev: true })

  const withIts = await post(createBrowser(), { provider: 'cognito', route: 'tool' }, parts.origin)
  const withAnother = await post(createBrowser(), { provider: 'hub', route: 'tool' }, parts.origin)
  const withoutRoute = await post(createBrowser(), { provider: 'hub', route: '' }, parts.origin)

  t.equal(withIts.status, 302)
  t.equal(withAnother.status, 400)
  t.equal(withoutRoute.status, 302)
})

t.test('who may open it: anyone at a developer’s, those of test.allow elsewhere, else it is not there', async (t) => {
  const closed = await startStack(t)
  const forAnalysts = await startStack(t, { config: { test: { allow: { groups: ['analysts'] } } } })
  const [nobody, ada, grace] = [createBrowser(), createBrowser(), createBrowser()]
  const page = `${forAnalysts.origin}/oauth/test`

  await control.log()
  for (const answer of [await nobody.load(`${closed.origin}/oauth/test`), await post(nobody, {}, closed.origin)]) {
    t.equal(answer.status, 404)
  }
  t.match(await nobody.load(page), { status: 302, location: '/oauth/sign-in?return_to=%2Foauth%2Ftest' })
  t.equal((await post(nobody, { provider: 'cognito' }, forAnalysts.origin)).status, 401)
  t.match(await ada.signIn(page, 'ada'), { status: 200, url: page, body: /Start the test/ })
  t.match(await run(ada, 'tool', forAnalysts.origin), { body: /Sign-in test passed/ })
  const refused = await grace.signIn(page, 'grace')
  t.match(refused, { status: 403, body: /grace@example\.com/ })
  t.equal((await post(grace, { provider: 'cognito' }, forAnalysts.origin)).status, 403)
})

t.test('a refusal links the test only where there is one', async (t) => {
  const closed = await startStack(t, { client: { flows: ['implicit'] } })

  const { body } = await createBrowser().open(`${closed.origin}/tool`)

  t.match(body, 'Details for the owner')
  t.notMatch(body, '/oauth/test')
})

t.test('no token, code, state or secret is in a report, a cookie in clear, or the log', async (t) => {
  const browser = createBrowser()
  lines.length = 0
  echo.received.length = 0
  const { location = '' } = await post(browser, { provider: 'cognito', route: 'tool' })
  const callback = await browser.callbackOf(location)

  const page = await browser.open(callback)

  const { searchParams } = new URL(callback)
  const token = echo.received[0]?.headers.authorization?.slice('Bearer '.length) ?? ''
  const secrets = ['local-secret', searchParams.get('code') ?? '', searchParams.get('state') ?? '', ...token.split('.')]
  const cookies = browser.cookieHeader(origin)
  for (const secret of secrets) {
    t.ok(secret.length > 10)
    t.notOk(page.body.includes(secret), 'page')
    t.notOk(cookies.includes(secret), 'cookie')
    t.notOk(lines.join('').includes(secret), 'log')
  }
  t.ok(cookies.length < 4096)
})

t.test('a failure fits into its cookie, whatever was asked for', async (t) => {
  const scopes = [
    'openid',
    'profile',
    'email',
    ...Array.from({ length: 40 }, (_, i) => `reports/${'x'.repeat(20)}${i}`),
  ]
  const long = await startStack(t, { provider: { scopes }, isDev: true })
  const browser = createBrowser()

  const page = await run(browser, 'tool', long.origin)

  t.match(page.body, 'Sign-in test failed')
  t.match(steps(page).Authorize, /^Failed/)
})

/** Waits until the provider was asked that often to take tokens back: nobody is kept waiting for that. */
async function revoked(times: number, { control }: Pick<Stack, 'control'> = stack): Promise<void> {
  for (;;) {
    const { requests } = await control.log()
    const done = requests.filter(({ endpoint, status }) => endpoint === 'revoke' && status === 200)
    if (done.length === times) return
  }
}
