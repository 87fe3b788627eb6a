import type { Page } from 'playwright-core'
import t from 'tap'
import { type Answer, createBrowser, type Sending } from '../support/browser.ts'
import { startChromium } from '../support/chromium.ts'
import { accessTokenSeconds, passOidcProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { startGateway, startParts } from '../support/stack.ts'

type Browser = ReturnType<typeof createBrowser>

const clock = { ahead: 0 }
const parts = await startParts(t)
const { origin, echo, control } = parts
const [crm, chromium] = await Promise.all([
  startOidcProvider(t, {
    origin,
    callback: '/callback/crm',
    client: { scope: 'openid offline_access profile email groups reports/read' },
  }),
  startChromium(t),
])
const upstream = echo.url
await startGateway(
  t,
  {
    ...parts.yaml,
    log: { level: 'fatal' },
    providers: { ...parts.yaml.providers, crm: crm.config },
    routes: [
      { name: 'tool', title: 'The tool', path: '/tool', upstream },
      { name: 'contacts', title: 'Contacts', path: '/contacts', upstream, provider: 'crm' },
      { name: 'figures', title: 'Figures', path: '/figures', upstream, provider: 'crm', scopes: ['reports/read'] },
      { name: 'refused', title: 'Refused', path: '/refused', upstream, provider: 'crm', scopes: ['reports/write'] },
      { name: 'either', title: 'Either', path: '/either', upstream, sign_in: ['cognito', 'crm'] },
      { name: 'theirs', title: 'Theirs', path: '/theirs', upstream, sign_in: ['crm'] },
    ],
  },
  { now: () => Date.now() + clock.ahead },
)
const connections = `${origin}/oauth/connections`

const bearer = () => echo.received.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? ''
const isSignedInAs = async (browser: Browser) => JSON.parse((await browser.send(`${origin}/oauth/me`)).body).user

async function signedIn(username = 'ada'): Promise<Browser> {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`, username)
  return browser
}

/** Presses a button of our pages. */
const press = (browser: Browser, action: string, sending: Sending = {}) =>
  browser.load(`${connections}/${action}`, { method: 'POST', headers: { origin }, form: {}, ...sending })

async function connect(browser: Browser, returnTo = '/contacts', login = 'ada'): Promise<Answer> {
  const answer = await press(browser, 'crm/connect', { form: { return_to: returnTo } })
  return passOidcProvider(browser, await browser.open(answer.location ?? ''), login)
}

/** The address that the provider sends a connecting browser back to, not yet opened. */
async function connectCallback(browser: Browser): Promise<string> {
  const answer = await press(browser, 'crm/connect')
  const atHome = (location: string) => location.startsWith(origin) && location.includes('code=')
  const page = await browser.open(answer.location ?? '', atHome)
  t.equal(page.status, 303, 'signed in there, and agreed')
  return page.location ?? ''
}

/** Fills in the pages of oidc-provider. */
async function agree(page: Page, login = 'ada'): Promise<void> {
  await page.fill('input[name=login]', login)
  await page.fill('input[name=password]', 'any')
  await page.click('button')
  await page.click('button')
}

t.test('a tool that needs a connection leads to it and back; there it is shown, refreshed and ended', async (t) => {
  const context = await chromium.newContext()
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const card = page.locator('.card', { hasText: 'Crm' })
  const state = () => card.locator('.badge').innerText()
  const refreshedAt = () => card.locator('time').last().getAttribute('datetime')

  await page.goto(`${origin}/contacts/ada?q=1`)
  await page.fill('input[name=username]', 'ada')
  await page.fill('input[name=password]', 'Passw0rd!')
  await page.click('button')
  t.match(await page.textContent('h1'), 'Crm', 'says what to connect')
  await page.click('main button')
  await agree(page)
  t.equal(page.url(), `${origin}/contacts/ada?q=1`)
  const first = bearer()
  t.ok(await crm.isGood(first), 'the tool gets the token of the connection')

  await page.goto(connections)
  t.equal(await state(), 'Connected')
  t.match(await card.innerText(), /ada@example\.com.*groups.*Contacts.*Valid until.*Last refresh/s)
  t.equal(await page.locator('section').first().locator('.card').count(), 2)
  t.match(await page.locator('.card', { hasText: 'Cognito' }).innerText(), 'You sign in with it')
  const before = await refreshedAt()
  clock.ahead += 2000
  await card.getByRole('button', { name: 'Refresh now' }).click()
  t.equal(page.url(), connections)
  t.not(await refreshedAt(), before)

  clock.ahead += accessTokenSeconds * 1000
  await page.goto(`${origin}/contacts`)
  const last = bearer()
  t.not(last, first, 'over, it is refreshed by itself')
  t.ok(await crm.isGood(last))

  await page.goto(connections)
  await card.getByText('Disconnect', { exact: true }).click()
  await card.getByRole('button', { name: 'Disconnect now' }).click()
  t.equal(await state(), 'Not connected')
  t.notOk(await crm.isGood(last), 'revoked there')
  await page.goto(`${origin}/contacts`)
  t.match(await page.textContent('h1'), 'Crm')
  await page.goto(`${origin}/tool`)
  t.equal(new URL(page.url()).pathname, '/tool', 'still signed in')

  const other = await signedIn()
  await page.goto(connections)
  t.equal(await page.locator('.card', { hasText: 'This browser' }).locator('h3').innerText(), 'Chrome on Linux')
  await page.getByRole('button', { name: 'Sign out: A browser' }).click()
  t.equal(page.url(), connections)
  t.equal((await other.send(`${origin}/oauth/me`)).status, 401)
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  t.match(await page.textContent('h1'), 'You are signed out')
})

t.test('a program is told that a connection is missing, and where to make one', async (t) => {
  const browser = await signedIn('grace')

  const { status, body } = await browser.send(`${origin}/contacts`)

  t.equal(status, 403)
  t.match(JSON.parse(body), { code: 'connection_required', connect_url: connections })
})

t.test(
  'a connection that the provider ended says so, on the page and at the tool, and can be made again',
  async (t) => {
    const browser = await signedIn()
    await connect(browser)
    await crm.revoke(bearer())

    const refreshed = await press(browser, 'crm/refresh')
    const page = await browser.load(connections)
    const tool = await browser.send(`${origin}/contacts`)
    const again = await connect(browser)

    t.match(refreshed, { status: 302, location: '/oauth/connections' })
    t.match(page.body, /Ended.*invalid_grant.*Connect again/s)
    t.match(JSON.parse(tool.body), { status: 403, code: 'connection_required' })
    t.match(again, { status: 200, url: `${origin}/contacts` })
    t.equal(await isSignedInAs(browser), await isSignedInAs(await signedIn()), 'signed in all the while')
  },
)

t.test('a connection lacks a scope: once to its provider, and back', async (t) => {
  const browser = await signedIn()
  await connect(browser)
  const lacking = await browser.send(`${origin}/figures`)

  const page = await passOidcProvider(browser, await browser.open(`${origin}/figures?q=1`))

  t.match(JSON.parse(lacking.body), { code: 'insufficient_scope', scope: 'reports/read' })
  t.match(page, { status: 200, url: `${origin}/figures?q=1` })
  t.ok(await crm.isGood(bearer()))
})

t.test('more scopes for a connection are for the same account', async (t) => {
  const browser = await signedIn('grace')
  await connect(browser, '/contacts', 'grace')
  const stranger = await signedIn('grace')
  const away = await browser.load(`${origin}/figures`)
  const atHome = (location: string) => location.startsWith(`${origin}/oauth/callback/crm`)
  const login = await stranger.open(away.location ?? '')
  const consented = await passOidcProvider(stranger, login, 'ada', atHome)

  const page = await browser.load(consented.location ?? '')

  t.equal(page.status, 400)
  t.match(page.body, 'another account')
  t.match((await browser.load(connections)).body, 'grace@example.com')
  await press(browser, 'crm/disconnect')
})

t.test('a scope that a connection does not get ends in a page that names it', async (t) => {
  const browser = await signedIn()
  await connect(browser)

  const lacking = await browser.send(`${origin}/refused`)
  const page = await passOidcProvider(browser, await browser.open(`${origin}/refused`))
  const asked = crm.requests.length
  const again = await browser.load(`${origin}/refused`)

  t.match(JSON.parse(lacking.body), { code: 'insufficient_scope', scope: 'reports/write' })
  for (const answer of [page, again]) {
    t.match(answer, { status: 403, url: `${origin}/refused` })
    t.match(answer.body, 'reports/write')
  }
  t.equal(crm.requests.length, asked, 'no loop')
})

t.test('connecting asks for what all of its tools need', async (t) => {
  const { location = '' } = await press(await signedIn('grace'), 'crm/connect')

  t.strictSame(new URL(location).searchParams.get('scope')?.split(' '), [
    ...['openid', 'profile', 'email', 'groups'],
    ...['reports/read', 'reports/write'],
  ])
})

t.test('a connection signs nobody in', async (t) => {
  const browser = await signedIn()
  await connect(browser, '/contacts', 'somebody-else')
  const callback = await connectCallback(browser)
  const user = await isSignedInAs(browser)
  await browser.open(callback)
  t.equal(await isSignedInAs(browser), user)
  t.match(user, /^cognito:/)
  browser.cookies(origin).delete('toolgate')

  const again = await browser.load(callback)

  t.match(again, { status: 302, location: '/oauth/connections' }, 'and its callback of then does not either')
  t.equal((await browser.send(`${origin}/oauth/me`)).status, 401)
})

t.test('what comes back to the callback of another provider is refused without a token call', async (t) => {
  const browser = await signedIn()
  await connect(browser)
  const crmCallback = await connectCallback(browser)
  const cognitoCallback = await browser.callbackOf(`${origin}/oauth/sign-in?provider=cognito`)
  const calls = async () => [
    (await control.log()).counts.token,
    crm.requests.filter((line) => line.endsWith('/token')).length,
  ]
  const before = await calls()

  const mixed = [
    await browser.load(crmCallback.replace('/callback/crm', '/callback')),
    await browser.load(cognitoCallback.replace('/callback', '/callback/crm')),
  ]

  for (const page of mixed) {
    t.equal(page.status, 400)
    t.match(page.body, 'attempt_unknown')
  }
  t.strictSame(await calls(), before)
  t.equal((await browser.open(crmCallback)).status, 200, 'at its own place it is good')
})

t.test('what was started in one session connects nothing in another', async (t) => {
  const browser = await signedIn()
  await connect(browser)
  const callback = await connectCallback(browser)
  const { value = '' } = (await signedIn('grace')).cookies(origin).get('toolgate') ?? {}
  browser.cookies(origin).set('toolgate', { name: 'toolgate', value })

  const page = await browser.load(callback)

  t.equal(page.status, 400)
  t.match(page.body, 'attempt_unknown')
  t.match(JSON.parse((await browser.send(`${origin}/contacts`)).body), { code: 'connection_required' })
})

for (const action of ['connect', 'refresh', 'disconnect']) {
  t.test(`${action} is refused from other sites`, async (t) => {
    const browser = await signedIn()
    await connect(browser)
    const strangers: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
    ]

    for (const headers of strangers) {
      const page = await press(browser, `crm/${action}`, { headers })
      t.match(page, { status: 403, location: undefined })
      t.match(page.body, 'cross_site')
    }
    t.equal((await browser.load(`${connections}/crm/${action}`)).status, 404, 'nor does a GET act')
    t.match((await browser.load(connections)).body, 'Disconnect now')
  })
}

t.test('what is there to sign in with is neither connected nor disconnected', async (t) => {
  const browser = await signedIn()

  for (const action of [
    'cognito/connect',
    'cognito/disconnect',
    'nobody/connect',
    'nobody/refresh',
    'nobody/disconnect',
  ]) {
    t.equal((await press(browser, action)).status, 400, action)
  }
})

t.test('who wants a connection refreshed that is not there any more is offered to connect it', async (t) => {
  const browser = await signedIn()
  await press(browser, 'crm/disconnect')

  const page = await press(browser, 'crm/refresh')

  t.equal(page.status, 403)
  t.match(page.body, 'connection_required')
  t.match(page.body, 'action="/oauth/connections/crm/connect')
})

t.test('signing out everywhere keeps the connections', async (t) => {
  const browser = await signedIn()
  await connect(browser)
  const token = bearer()
  await browser.load(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: { everywhere: 'true' } })

  const page = await (await signedIn()).load(`${origin}/contacts`)

  t.equal(page.status, 200)
  t.equal(bearer(), token)
})

t.test('a tool for people of two providers asks which, and takes either', async (t) => {
  const browser = createBrowser()

  const page = await browser.open(`${origin}/either?q=1`)
  const choices = [...page.body.matchAll(/<a class="button choice" href="([^"]*)"/g)].map(
    ([, href = '']) => origin + href.replaceAll('&amp;', '&'),
  )
  const viaCrm = await passOidcProvider(browser, await browser.open(choices[1] ?? ''))

  t.equal(page.status, 200)
  t.match(page.body, /Continue with Cognito.*Continue with Crm/s)
  t.match(viaCrm, { status: 200, url: `${origin}/either?q=1` })
  t.equal(await isSignedInAs(browser), 'crm:ada')
  t.ok(await crm.isGood(bearer()), 'its own token')
  const viaCognito = await createBrowser().signIn(choices[0] ?? '')
  t.match(viaCognito, { status: 200, url: `${origin}/either?q=1` })
})

t.test('a session of another provider is sent to sign in with the right one', async (t) => {
  const browser = await signedIn()

  const toOther = await browser.load(`${origin}/theirs?q=1`)
  const api = await browser.send(`${origin}/theirs`)
  const page = await passOidcProvider(browser, await browser.open(origin + toOther.location))
  const back = await browser.open(`${origin}/tool`)

  t.match(toOther, { status: 302, location: '/oauth/sign-in?return_to=%2Ftheirs%3Fq%3D1' })
  t.match(JSON.parse(api.body), { status: 401, code: 'sign_in_required' })
  t.match(page, { status: 200, url: `${origin}/theirs?q=1` })
  t.match(back, { status: 200, url: `${origin}/tool` }, 'the session at Cognito is still there')
})

t.test('who signed in with the second provider is told that their session there ended', async (t) => {
  const browser = createBrowser()
  await passOidcProvider(browser, await browser.open(`${origin}/theirs`))
  const out = await browser.load(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} })

  const page = await browser.load(`${origin}/oauth/signed-out`)

  t.match(out.location, `${crm.issuer}/session/end`)
  t.match(page.body, 'Your session at Crm')
})
