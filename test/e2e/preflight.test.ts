import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startRedis, storedKeys } from '../support/redis.ts'
import { type StackOptions, startGateway, startParts, startStack } from '../support/stack.ts'

const client = '1localexample'

/** A stack whose clock can be moved, and what was asked of its provider since the last look. */
async function start(t: Parameters<typeof startStack>[0], options: StackOptions = {}) {
  const clock = { at: Date.now() }
  const stack = await startStack(t, { now: () => clock.at, ...options })
  const seen: Record<string, number> = {}
  async function asked() {
    const { counts } = await stack.control.log()
    const since = (name: keyof typeof counts) => counts[name] - (seen[name] ?? 0)
    const news = { authorize: since('authorize'), login: since('login'), token: since('token') }
    Object.assign(seen, counts)
    return news
  }
  const leave = () => createBrowser().load(`${stack.origin}/oauth/sign-in`)
  return { ...stack, clock, asked, leave }
}

t.test('when all is right it is asked once in ten minutes, adds no page, no token call, no cookie', async (t) => {
  const { origin, clock, asked, leave, cognito } = await start(t)

  const signedIn = await createBrowser().signIn(`${origin}/tool`)
  t.match(signedIn, { status: 200, url: `${origin}/tool` })
  t.strictSame(await asked(), { authorize: 2, login: 3, token: 1 }, 'one question more, and the page it leads to')

  clock.at += 9 * 60_000
  await createBrowser().signIn(`${origin}/tool`)
  t.strictSame(await asked(), { authorize: 1, login: 2, token: 1 }, 'none more')

  clock.at += 60_000
  const { location } = await leave()
  t.match(location, `${cognito.domain}/oauth2/authorize`)
  t.strictSame(await asked(), { authorize: 1, login: 1, token: 0 }, 'asked again')
})

t.test('it leaves nothing in the store, and asks only for pages', async (t) => {
  const redis = await startRedis(t)
  const { control, leave } = await start(t, {
    config: { store: { url: redis.url }, encryption_keys: [randomBytes(32).toString('base64')] },
  })

  await leave()

  const { requests } = await control.log()
  t.strictSame(
    requests.map(({ method, path }) => `${method} ${path}`),
    ['GET /oauth2/authorize', 'GET /login'],
  )
  t.strictSame(await storedKeys(redis.url), [])
})

t.test('many who come at once cause one question', async (t) => {
  const { control, asked, leave } = await start(t)
  await control.fault({ endpoint: 'authorize', delay: '100ms' })

  const left = await Promise.all(Array.from({ length: 20 }, leave))

  t.equal(left.filter(({ status }) => status === 302).length, 20)
  t.strictSame(await asked(), { authorize: 1, login: 1, token: 0 })
})

t.test('a provider that hangs keeps nobody longer than two seconds, then they go on to it', async (t) => {
  const { control, cognito, asked, leave, clock } = await start(t)
  await control.fault({ endpoint: 'authorize', delay: '1200ms' })
  await control.fault({ endpoint: 'login', hang: true })
  const started = performance.now()

  const [first] = await Promise.all([leave(), leave()])
  const took = performance.now() - started
  const second = await leave()
  const secondTook = performance.now() - started - took

  for (const { status, location } of [first, second]) {
    t.equal(status, 302)
    t.match(location, `${cognito.domain}/oauth2/authorize`)
  }
  t.ok(took < 2_500, `${took} ms for all questions together`)
  t.ok(secondTook < 500, 'the next one does not wait')
  t.match(await asked(), { authorize: 1 })

  await control.heal()
  await control.client(client, { branding: false })
  clock.at += 5_000
  t.equal((await leave()).status, 400, 'what could not be told is asked again soon')
})

t.test('while it is wrong it is asked every five seconds at most', async (t) => {
  const { control, asked, leave, clock } = await start(t)
  await control.client(client, { flows: ['implicit'] })

  for (let i = 0; i < 10; i++) t.equal((await leave()).status, 400)
  t.strictSame(await asked(), { authorize: 1, login: 0, token: 0 })

  clock.at += 5_000
  await leave()
  t.strictSame(await asked(), { authorize: 1, login: 0, token: 0 })
})

t.test('a program gets the redirect, and nobody is asked for it', async (t) => {
  const { control, asked, origin } = await start(t)
  await control.client(client, { flows: ['implicit'] })

  const { status } = await createBrowser().send(`${origin}/oauth/sign-in`)

  t.equal(status, 302)
  t.strictSame(await asked(), { authorize: 0, login: 0, token: 0 })
})

t.test('a connection that would end on the provider’s error page ends on ours', async (t) => {
  const { yaml, origin } = await startParts(t)
  const { cognito } = yaml.providers
  await startGateway(t, { ...yaml, providers: { cognito, second: cognito } })
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  const page = await browser.load(`${origin}/oauth/connections/second/connect`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin' },
  })

  t.equal(page.status, 400)
  t.match(page.body, `<code>${origin}/oauth/callback/second</code>`)
})

t.test('another kind of provider is never asked', async (t) => {
  const { control, cognito, asked } = await start(t)
  const endpoint = (name: string) => `${cognito.domain}/oauth2/${name}`
  const shared = { client_id: client, client_secret: 'local-secret' }
  const oidc = { type: 'oidc', issuer: cognito.issuer, ...shared }
  const oauth2 = {
    type: 'oauth2',
    authorization_endpoint: endpoint('authorize'),
    token_endpoint: endpoint('token'),
    userinfo_endpoint: endpoint('userInfo'),
    subject: 'sub',
    scopes: ['openid'],
    ...shared,
  }
  for (const provider of [oidc, oauth2]) {
    const other = await start(t, { config: { providers: { other: provider } } })
    await control.client(client, { callback_urls: [] })

    const { status, location } = await other.leave()

    t.equal(status, 302, provider.type)
    t.match(location, endpoint('authorize'))
  }
  t.strictSame(await asked(), { authorize: 0, login: 0, token: 0 })
})
