import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { createBrowser } from '../support/browser.ts'
import { startRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'
import { closeOf, mustOpen, nextMessage, startSocketTool } from '../support/web-socket.ts'

type Browser = ReturnType<typeof createBrowser>

const minute = 60_000
const hour = 60 * minute
const recheckMs = 20
const clock = { ahead: 0 }
const now = () => Date.now() + clock.ahead

const tool = await startSocketTool(t)
/** A tool that tells the time, at once and then now and then, for ever. */
const clockTool = await startTool(t, (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let ticks = 0
  const tick = () => response.write(`data: ${ticks++}\n\n`)
  const timer = setInterval(tick, 10)
  response.on('close', () => clearInterval(timer))
  tick()
})
const at = (name: string, more: object = {}) => [
  { name: `${name}-socket`, path: `/${name}/socket`, upstream: tool.url, ...more },
  { name: `${name}-clock`, path: `/${name}/clock`, upstream: clockTool.url, ...more },
]
const routes = [
  ...at('tool'),
  ...at('team', { allow: { claims: { 'custom:team': 'research' } } }),
  ...at('maybe', { access: 'optional' }),
  ...at('open', { access: 'public' }),
  ...at('api', { accept: ['session', 'provider_token'] }),
]
/** What the client may read but the team: all that its scopes stand for. */
const withoutTeam = [
  ...['email', 'email_verified', 'name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username'],
  ...['profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'address', 'updated_at'],
]
const { origin, control } = await startStack(t, {
  now,
  recheckMs,
  config: { routes, sessions: { idle: '5h', absolute: '30d' } },
})

/** Moves our clock and the provider's. */
async function advance(ms: number): Promise<void> {
  clock.ahead += ms
  await control.clock(`${clock.ahead}ms`)
}

const signOut = (browser: Browser, form: Record<string, string> = {}) =>
  browser.send(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form })

async function signedIn(): Promise<Browser> {
  const browser = createBrowser()
  await browser.signIn(`${origin}/oauth/sign-in`)
  return browser
}

/** A WebSocket and an event stream that are open, and how they end. */
async function open(t: Test, name: string, headers: Record<string, string>) {
  const socket = await mustOpen(t, `${origin}/${name}/socket`, { headers, origin })
  const client = request(`${origin}/${name}/clock`, { headers }).end()
  const [stream] = (await once(client, 'response')) as [IncomingMessage]
  t.teardown(() => stream.destroy())
  const closed = closeOf(socket)
  const cut = new Promise((resolve) => stream.on('error', resolve))
  await once(stream, 'data')
  return {
    socket,
    stream,
    ended: () => Promise.all([closed, cut]),
    /** Throws unless both still work. */
    async works() {
      socket.send('still here?')
      await Promise.all([nextMessage(socket), once(stream, 'data')])
    },
  }
}

const as = (browser: Browser) => ({ cookie: browser.cookieHeader(origin) })
const ended = [[4401, 'session ended'], { code: 'ECONNRESET' }]

t.test('signing out ends what is open, and only that', async (t) => {
  const [ada, elsewhere] = [await signedIn(), await signedIn()]
  const mine = await Promise.all(['tool', 'team', 'maybe'].map((name) => open(t, name, as(ada))))
  const others = await Promise.all([open(t, 'open', as(ada)), open(t, 'tool', as(elsewhere)), open(t, 'maybe', {})])
  const heard = Promise.all([...tool.sockets.clients].slice(0, 3).map(closeOf))

  await signOut(ada)

  for (const { ended: end } of mine) t.match(await end(), ended)
  for (const code of await heard) t.same(code, [1001, 'session ended'], 'the tool is told, too')
  await setTimeout(5 * recheckMs)
  for (const other of others) await t.resolves(other.works())
})

t.test('signing out everywhere ends what is open in other browsers', async (t) => {
  const [ada, elsewhere] = [await signedIn(), await signedIn()]
  const there = await open(t, 'tool', as(elsewhere))

  await signOut(ada, { everywhere: 'true' })

  t.match(await there.ended(), ended)
})

t.test('what is open goes on over refreshes', async (t) => {
  const { socket, stream } = await open(t, 'tool', as(await signedIn()))
  const ticks: string[] = []
  stream.on('data', (chunk) =>
    ticks.push(
      ...String(chunk)
        .matchAll(/\d+/g)
        .map(([tick]) => tick),
    ),
  )
  const echoed: string[] = []
  socket.on('message', (data) => echoed.push(String(data)))
  const before = (await control.log()).counts.token

  for (const refreshes of [1, 2, 3]) {
    await advance(hour)
    while ((await control.log()).counts.token < before + refreshes) await setTimeout(recheckMs)
    for (let i = 0; i < 10; i++) socket.send(`${refreshes}.${i}`)
    while (echoed.length < refreshes * 10) await once(socket, 'message')
    await once(stream, 'data')
  }

  t.equal((await control.log()).counts.token, before + 3, 'one call for each, whatever was open')
  t.equal(socket.readyState, WebSocket.OPEN)
  t.same(
    echoed,
    [1, 2, 3].flatMap((refreshes) => Array.from({ length: 10 }, (_, i) => `${refreshes}.${i}`)),
  )
  t.same(
    ticks,
    ticks.map((_, i) => String(Number(ticks[0]) + i)),
    'no tick is missing',
  )
})

t.test('what is open ends when the provider ends the sign-in', async (t) => {
  const { ended: end } = await open(t, 'tool', as(await signedIn()))
  await control.fault({ endpoint: 'token', status: 400, body: { error: 'invalid_grant' }, times: 1 })

  await advance(hour)

  t.match(await end(), ended)
  await control.heal()
})

t.test('what is open goes on while the provider is away', async (t) => {
  const ada = await open(t, 'tool', as(await signedIn()))
  await control.fault({ endpoint: 'token', status: 503 })

  await advance(hour)
  await setTimeout(10 * recheckMs)

  await t.resolves(ada.works())
  await control.heal()
})

t.test('what is open ends when the newest claims pass no more', async (t) => {
  const headers = as(await signedIn())
  const team = await open(t, 'team', headers)
  const other = await open(t, 'tool', headers)
  await control.client('1localexample', { readable_attributes: withoutTeam })
  t.teardown(() => control.client('1localexample', { readable_attributes: 'all' }))

  await advance(hour)

  t.match(await team.ended(), ended)
  await t.resolves(other.works())
})

t.test('what a bearer opened ends with the bearer', async (t) => {
  const browser = await signedIn()
  await mustOpen(t, `${origin}/tool/socket`, { headers: as(browser), origin })
  const [request] = [...tool.handshakes].reverse()
  const authorization = request?.headers.authorization ?? ''
  const { works, ended: end } = await open(t, 'api', { authorization })

  await advance(30 * minute)
  await t.resolves(works())
  await advance(31 * minute)

  t.match(await end(), ended)
})

t.test('a session lives on by messages, not by being connected', async (t) => {
  const used = await open(t, 'tool', as(await signedIn()))
  const silent = await open(t, 'tool', as(await signedIn()))

  for (const _ of [1, 2, 3]) {
    // One recheck may come too late on a busy machine; two may not.
    await advance(2 * hour)
    used.socket.send('I am here')
    silent.socket.ping()
    await nextMessage(used.socket)
    await setTimeout(10 * recheckMs)
  }

  t.match(await silent.ended(), ended)
  await t.resolves(used.works())
})

t.test('while sessions cannot be read, what is open goes on as long as serve_cached_for says', async (t) => {
  const redis = await startRedis(t, { appendonly: true })
  const store = { url: redis.url }
  const encryption_keys = [randomBytes(32).toString('base64')]
  const briefly = { ...store, serve_cached_for: '1s', key_prefix: 'other:' }
  const { origin } = await startStack(t, { recheckMs, config: { routes, store, encryption_keys } })
  const other = await startStack(t, { recheckMs, config: { routes, store: briefly, encryption_keys } })
  const browser = createBrowser()
  async function openAt(address: string) {
    await browser.signIn(`${address}/oauth/sign-in`)
    const headers = { cookie: browser.cookieHeader(address) }
    return mustOpen(t, `${address}/tool/socket`, { headers, origin: address })
  }
  const brief = await openAt(other.origin)
  browser.cookies(other.origin).clear()
  const socket = await openAt(origin)
  const closed = closeOf(socket)
  const closedBriefly = closeOf(brief)

  await redis.kill()
  t.same(await closedBriefly, [1013, 'try again later'])
  socket.send('hello')
  t.equal(String(await nextMessage(socket)), 'hello')
  await redis.restart()
  const signOut = () => browser.send(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} })
  while ((await signOut()).status === 503) await setTimeout(recheckMs)

  t.same(await closed, [4401, 'session ended'])
})

t.test('the goodbye comes between two frames, however busy the socket is', async (t) => {
  const browser = await signedIn()
  const connected = once(tool.sockets, 'connection')
  const socket = await mustOpen(t, `${origin}/tool/socket`, { headers: as(browser), origin, perMessageDeflate: false })
  const [server] = (await connected) as [WebSocket]
  const piece = randomBytes(300_000)
  const send = () => {
    if (server.readyState === WebSocket.OPEN) server.send(piece, { fin: false }, send)
  }
  const errors: unknown[] = []
  for (const side of [server, socket]) side.on('error', (error) => errors.push(error))
  const [told, heard] = [closeOf(socket), closeOf(server)]
  send()
  const talk = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send(piece), 1)
  t.teardown(() => clearInterval(talk))

  await setTimeout(50)
  await signOut(browser)

  t.same(await told, [4401, 'session ended'])
  t.same(await heard, [1001, 'session ended'])
  t.same(errors, [])
})

t.test('a tool that stops in the middle of a frame keeps nobody', async (t) => {
  const browser = await signedIn()
  const connected = once(tool.server, 'upgrade')
  const accepted = once(tool.sockets, 'connection')
  const socket = await mustOpen(t, `${origin}/tool/socket`, { headers: as(browser), origin })
  const [, raw] = await connected
  const [server] = (await accepted) as [WebSocket]
  server.pause()
  const told = closeOf(socket)
  raw.write(Buffer.from([0x82, 100, 1, 2, 3]))

  await signOut(browser)

  t.same(await told, [1006, ''])
})
