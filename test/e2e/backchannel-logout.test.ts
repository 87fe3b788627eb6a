import t from 'tap'
import { createBrowser, type Sending } from '../support/browser.ts'
import { passOidcProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { startGateway, startParts } from '../support/stack.ts'

type Browser = ReturnType<typeof createBrowser>

const parts = await startParts(t)
const { origin, echo } = parts
const log: string[] = []
const endpoint = (name: string) => `${origin}/oauth/backchannel-logout/${name}`
/** One that names the user who signed out, and one that names the session, too. */
const [byUser, bySession] = await Promise.all([
  startOidcProvider(t, { origin, client: { backchannel_logout_uri: endpoint('users') } }),
  startOidcProvider(t, {
    origin,
    callback: '/callback/sessions',
    client: { backchannel_logout_uri: endpoint('sessions'), backchannel_logout_session_required: true },
  }),
])
const upstream = echo.url
await startGateway(
  t,
  {
    ...parts.yaml,
    log: { level: 'info' },
    providers: { users: byUser.config, sessions: bySession.config, cognito: parts.yaml.providers.cognito },
    routes: [
      { name: 'a', path: '/users', upstream, sign_in: ['users'] },
      { name: 'b', path: '/sessions', upstream, sign_in: ['sessions'] },
    ],
  },
  { log: (line) => log.push(line) },
)

async function signedIn(name: string, login = 'ada'): Promise<Browser> {
  const browser = createBrowser()
  await passOidcProvider(browser, await browser.open(`${origin}/${name}`), login)
  return browser
}

/** Signs out at the provider itself, which tells us before it answers. */
async function signOutThere(browser: Browser, issuer: string): Promise<void> {
  const asking = await browser.open(`${issuer}/session/end`)
  const [, action = ''] = /action="([^"]*)"/.exec(asking.body) ?? []
  const [, xsrf = ''] = /name="xsrf" value="([^"]*)"/.exec(asking.body) ?? []
  await browser.load(action, { method: 'POST', form: { xsrf, logout: 'yes' } })
}

const isSignedIn = async (browser: Browser) => (await browser.send(`${origin}/oauth/me`)).status === 200
const tell = (url: string, sending: Sending) => createBrowser().send(url, { method: 'POST', ...sending })

t.test('who signs out at a provider that names the user is signed out of every browser', async (t) => {
  const [desk, phone, grace] = [await signedIn('users'), await signedIn('users'), await signedIn('users', 'grace')]
  t.ok(await isSignedIn(phone))

  await signOutThere(desk, byUser.issuer)

  t.notOk(await isSignedIn(desk))
  t.notOk(await isSignedIn(phone))
  t.ok(await isSignedIn(grace))
  const events = log.map((line) => JSON.parse(line)).filter(({ audit }) => audit === 'session_ended')
  t.match(events, [
    { user: 'users:ada', provider: 'users', reason: 'signed out at the provider' },
    { user: 'users:ada', provider: 'users', reason: 'signed out at the provider' },
  ])
  t.equal(events.length, 2)
})

t.test('who signs out at a provider that names the session is signed out of that browser', async (t) => {
  const [desk, phone] = [await signedIn('sessions'), await signedIn('sessions')]

  await signOutThere(desk, bySession.issuer)

  t.notOk(await isSignedIn(desk))
  t.ok(await isSignedIn(phone))
})

t.test('what is no logout token of this provider is refused, without a word about anybody', async (t) => {
  const browser = await signedIn('users')
  const refused = [
    { form: { logout_token: 'x' } },
    { form: { logout_token: 'e30.e30.' } },
    { form: {} },
    {},
    { headers: { 'content-type': 'application/json' } },
  ]

  for (const sending of refused) {
    const answer = await tell(endpoint('users'), sending)
    t.equal(answer.status, 400)
    t.match(answer.headers, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    t.match(JSON.parse(answer.body), { error: 'invalid_request', error_description: String })
  }
  t.equal((await tell(endpoint('users'), { form: { logout_token: 'x'.repeat(20_000) } })).status, 413)
  for (const name of ['cognito', 'unknown']) {
    t.equal((await tell(endpoint(name), { form: { logout_token: 'x' } })).status, 404, name)
  }
  t.ok(await isSignedIn(browser))
})
