import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createBrowser } from '../support/browser.ts'
import {
  authorizeUrl,
  callTool,
  connect as connectClient,
  createPerson,
  refresh,
  register,
} from '../support/mcp-client.ts'
import { startRedis, storedKeys } from '../support/redis.ts'
import { startGateway, startParts } from '../support/stack.ts'
import { toolgate } from '../support/toolgate.ts'

/** A gateway over Redis, with a second provider to connect, and the users command for it. */
async function setUp(t: Test) {
  const redis = await startRedis(t)
  const parts = await startParts(t, {
    config: {
      store: { url: redis.url },
      encryption_keys: [randomBytes(32).toString('base64')],
      log: { level: 'info' },
    },
  })
  const { origin, yaml, echo, control } = parts
  await control.client('1localexample', {
    callback_urls: [`${origin}/oauth/callback`, `${origin}/oauth/callback/crm`],
  })
  const config = {
    ...yaml,
    providers: { ...yaml.providers, crm: yaml.providers.cognito },
    routes: [
      { name: 'tool', path: '/tool', upstream: echo.url },
      { name: 'contacts', path: '/contacts', upstream: echo.url, provider: 'crm' },
      { name: 'notes', path: '/mcp', upstream: echo.url, mcp: { scopes: ['reports/read'] } },
    ],
  }
  await startGateway(t, config)
  const file = join(t.testdir({}), 'users.yaml')
  await writeFile(file, stringify(config))
  async function signedIn(username = 'ada') {
    const browser = createBrowser()
    await browser.signIn(`${origin}/tool`, username)
    return browser
  }
  async function connect(browser: ReturnType<typeof createBrowser>) {
    const form = { return_to: '/contacts' }
    const url = `${origin}/oauth/connections/crm/connect`
    const answer = await browser.load(url, { method: 'POST', headers: { origin }, form })
    t.equal((await browser.open(answer.location ?? '')).status, 200, 'connected')
  }
  const users = (...args: readonly string[]) => toolgate('users', ...args, '-c', file)
  return { ...parts, redis, signedIn, connect, users, file }
}

t.test('show: sessions and connections of everybody with this address, and nothing secret', async (t) => {
  const { origin, signedIn, connect, users, echo } = await setUp(t)
  const [browser] = [await signedIn(), await signedIn(), await signedIn('grace')]
  await connect(browser)
  const { sub } = JSON.parse((await browser.send(`${origin}/oauth/me`)).body)

  const text = await users('show', '--email', 'ADA@example.com')
  const json = await users('show', '--sub', sub, '--provider', 'cognito', '--json')

  t.match(text, { exitCode: 0, err: '' })
  t.match(text.out, new RegExp(`^cognito:${sub} {2}ada@example\\.com\\n`))
  t.equal(text.out.match(/since 20\d\d-\d\d-\d\d \d\d:\d\dZ {2}last used .* {2}ends 20/g)?.length, 2)
  t.match(text.out, /cognito \(sign-in\) {2}valid until 20.* {2}last refresh 20.* {2}no error {2}openid/)
  t.match(text.out, /\n {4}crm {2}/)
  t.match(JSON.parse(json.out), {
    users: [
      {
        user: `cognito:${sub}`,
        email: 'ada@example.com',
        sessions: [{ since: /Z$/, ends: /Z$/ }, {}],
        connections: [{ provider: /cognito|crm/, state: 'connected', last_error: null }, {}],
        grants: [],
      },
    ],
  })
  const secrets = [
    ...echo.received.map(({ headers }) => String(headers.authorization).replace('Bearer ', '')),
    ...(browser.cookies(origin).get('toolgate')?.value ?? '').split('.'),
  ]
  for (const secret of secrets) t.notMatch(`${text.out}${json.out}`, secret)
})

t.test(
  'sign-out: every browser is out within a second, gateways are left to revoke, connections stay until disconnected',
  async (t) => {
    const { origin, signedIn, connect, users, redis } = await setUp(t)
    const [first, second, grace] = [await signedIn(), await signedIn(), await signedIn('grace')]
    await connect(first)
    const { sub } = JSON.parse((await first.send(`${origin}/oauth/me`)).body)

    const signedOut = await users('sign-out', '--email', 'ada@example.com')
    const since = performance.now()
    while ((await first.send(`${origin}/tool`)).status !== 401 && performance.now() < since + 1_000)
      await setTimeout(50)

    t.match(signedOut, { exitCode: 0, out: `cognito:${sub}: signed out of 2 sessions and 0 MCP clients.` })
    const events = signedOut.err.split('\n').map((line) => JSON.parse(line).audit)
    t.strictSame(events.sort(), ['session_ended', 'session_ended', 'sign_out', 'token_set_ended'])
    t.match(signedOut.err, `"user":"cognito:${sub}"`)
    const statuses = [first, second, grace].map(async (browser) => (await browser.send(`${origin}/tool`)).status)
    t.strictSame(await Promise.all(statuses), [401, 401, 200])
    const keys = await storedKeys(redis.url)
    t.match(
      [keys.some((key) => key.includes(':r:cognito:')), keys.includes('tg:revocations')],
      [true, true],
      'to be revoked',
    )
    const shown = JSON.parse((await users('show', '--sub', sub, '--json')).out)
    t.match(shown.users, [{ sessions: [], connections: [{ provider: 'crm', sign_in: false }] }])

    const disconnected = await users('disconnect', '--sub', sub, '--provider', 'crm')
    t.match(disconnected, { exitCode: 0, out: `cognito:${sub}: disconnected.`, err: /"audit":"connection_removed"/ })
    t.match(await users('show', '--sub', sub), { exitCode: 1, out: '', err: /Nobody/ })
  },
)

t.test(
  'MCP clients: shown with what they may do, not before they have their tokens, and signed out at once',
  async (t) => {
    const { origin, signedIn, users } = await setUp(t)
    const person = createPerson('ada', await signedIn())
    const client = await register(origin)
    const tokens = await connectClient(origin, client, person)
    const waiting = await person.open(authorizeUrl(origin, client))

    const text = await users('show', '--email', 'ada@example.com')
    const json = JSON.parse((await users('show', '--email', 'ada@example.com', '--json')).out)

    t.match(waiting.location, 'code=', 'another code, that nobody has come for')
    t.match(text.out, /MCP clients\n +An app .*\/mcp .*reports\/read/)
    t.match(json.users[0].grants, [{ client: 'An app', resource: `${origin}/mcp`, scopes: ['reports/read'] }])
    t.equal(json.users[0].grants.length, 1)
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      t.notMatch(text.out + JSON.stringify(json), token.split('.').at(-1))
    }

    const signedOut = await users('sign-out', '--email', 'ada@example.com')
    const since = performance.now()
    while ((await callTool(origin, tokens.access_token)).status !== 401 && performance.now() < since + 1_000)
      await setTimeout(50)

    t.match(signedOut, {
      exitCode: 0,
      out: /signed out of 1 sessions? and 1 MCP clients/,
      err: /"audit":"grant_ended"/,
    })
    t.equal((await callTool(origin, tokens.access_token)).status, 401)
    t.equal((await refresh(origin, client, tokens.refresh_token)).json.error, 'invalid_grant')
  },
)

t.test('nobody, a wrong command line, a store that is away: each has its exit code and says what to do', async (t) => {
  const { signedIn, users, file, redis } = await setUp(t)
  await signedIn()

  t.match(await users('show', '--email', 'nobody@example.com'), { exitCode: 1, out: '', err: /Try --sub/ })
  t.match(await users('show', '--sub', 'nobody', '--json'), { exitCode: 1, out: /"users": \[\]/ })
  t.match(await users('show'), { exitCode: 1, err: /--email ADDRESS or --sub SUB/ })
  t.match(await users('show', '--email', 'a@b.c', '--sub', 'x'), { exitCode: 1, err: /--email ADDRESS or --sub/ })
  t.match(await users('list', '--sub', 'x'), { exitCode: 1, err: /users show \| sign-out \| disconnect/ })
  t.match(await users('show', '--sub', 'x', '--provider', 'crn'), {
    exitCode: 1,
    err: /no provider "crn".*cognito, crm/,
  })
  t.match(await users('disconnect', '--sub', 'x'), { exitCode: 1, err: /Say which connection/ })
  t.match(await users('disconnect', '--email', 'ada@example.com', '--provider', 'cognito'), {
    exitCode: 1,
    err: /what they sign in with/,
  })
  t.match(await users('disconnect', '--email', 'ada@example.com', '--provider', 'crm'), {
    exitCode: 1,
    err: /no connection with crm/,
  })
  await redis.stop()
  t.match(await users('show', '--sub', 'x'), { exitCode: 2, out: '', err: /Nobody could be looked up\. Redis/ })
  await writeFile(file, (await readFile(file, 'utf8')).replace(/url: redis:.*/, 'url: "memory:"'))
  t.match(await users('show', '--sub', 'x'), { exitCode: 1, err: /in its own process/ })
})
