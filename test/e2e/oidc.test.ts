import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { accessTokenSeconds, passOidcProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { startGateway, startParts } from '../support/stack.ts'

const clock = { ahead: 0 }
const parts = await startParts(t)
const { origin, echo } = parts
const oidc = await startOidcProvider(t, { origin })
const route = { path: '', upstream: echo.url }
await startGateway(
  t,
  {
    ...parts.yaml,
    log: { level: 'fatal' },
    providers: { sso: oidc.config },
    routes: [
      { ...route, name: 'tool', path: '/tool' },
      { ...route, name: 'reports', path: '/reports', scopes: ['reports/read'] },
      { ...route, name: 'refused', path: '/refused', scopes: ['unheard/of'] },
      { ...route, name: 'analysts', path: '/analysts', allow: { groups: ['analysts'] } },
    ],
  },
  { now: () => Date.now() + clock.ahead },
)

type Browser = ReturnType<typeof createBrowser>

/** Opens an address and goes through the provider's pages where they come up. */
const visit = async (browser: Browser, path: string) => passOidcProvider(browser, await browser.open(origin + path))

/** The token that the tool got last. */
const bearer = () => echo.received.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? ''

const me = async (browser: Browser) => JSON.parse((await browser.send(`${origin}/oauth/me`)).body)

t.test('who signs in is known by the user info, and the tool gets their token', async (t) => {
  const browser = createBrowser()

  const page = await visit(browser, '/analysts?q=1')

  t.match(page, { status: 200, url: `${origin}/analysts?q=1` })
  t.ok(await oidc.isGood(bearer()), 'a token of the provider')
  t.match(await me(browser), {
    user: 'sso:ada',
    provider: 'sso',
    email: 'ada@example.com',
    name: 'ada of the provider',
    groups: ['analysts'],
  })
})

t.test('refresh tokens that rotate: each access token is followed by another, the claims stay', async (t) => {
  const browser = createBrowser()
  await visit(browser, '/analysts')
  const tokens = [bearer()]

  for (let i = 0; i < 3; i++) {
    clock.ahead += accessTokenSeconds * 1000
    t.equal((await browser.load(`${origin}/analysts`)).status, 200)
    tokens.push(bearer())
  }

  t.equal(new Set(tokens).size, 4)
  t.ok(await oidc.isGood(bearer()))
  t.match(await me(browser), { email: 'ada@example.com', name: 'ada of the provider', groups: ['analysts'] })
})

t.test(
  'a route that needs another scope: once to the provider and back, and the tokens go on being refreshed',
  async (t) => {
    const browser = createBrowser()
    await visit(browser, '/tool')

    const page = await visit(browser, '/reports?year=2026')
    t.match(page, { status: 200, url: `${origin}/reports?year=2026` })
    const token = bearer()
    t.ok(await oidc.isGood(token), 'the new token is good')
    clock.ahead += accessTokenSeconds * 1000
    t.equal((await browser.load(`${origin}/reports`)).status, 200)

    t.not(bearer(), token)
    t.ok(await oidc.isGood(bearer()))
  },
)

t.test('a scope that the provider leaves out ends in a page that names it, for ten minutes', async (t) => {
  const browser = createBrowser()
  await visit(browser, '/tool')

  const page = await visit(browser, '/refused')
  const asked = oidc.requests.length
  const again = await browser.load(`${origin}/refused`)
  const quiet = oidc.requests.length
  clock.ahead += 10 * 60_000
  const later = await browser.load(`${origin}/refused`)

  for (const answer of [page, again]) {
    t.match(answer, { status: 403, url: `${origin}/refused` })
    t.match(answer.body, 'insufficient_scope')
    t.match(answer.body, 'unheard/of')
  }
  t.equal(quiet, asked, 'nobody asked the provider again')
  t.match(later, { status: 302, location: oidc.issuer })
})

t.test('signing out goes through the provider, with an ID token it knows, and comes back', async (t) => {
  const browser = createBrowser()
  await visit(browser, '/tool')

  const answer = await browser.send(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} })
  const asking = await browser.open(answer.location ?? '')
  const [, action = ''] = /action="([^"]*)"/.exec(asking.body) ?? []
  const [, xsrf = ''] = /name="xsrf" value="([^"]*)"/.exec(asking.body) ?? []
  const done = await browser.load(action, { method: 'POST', form: { xsrf, logout: 'yes' } })
  const page = await browser.open(done.location ?? '')

  const { pathname, searchParams } = new URL(answer.location ?? '')
  t.equal(pathname, '/session/end')
  t.match(searchParams.get('id_token_hint'), /^ey/)
  t.match(page, { status: 200, url: `${origin}/oauth/signed-out` })
  t.match((await browser.open(`${origin}/tool`)).body, 'name="login"', 'it asks again')
})
