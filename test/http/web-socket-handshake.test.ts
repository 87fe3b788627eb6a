import { once } from 'node:events'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { parseAnswer, sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'
import { mustOpen, openSocket, startSocketTool } from '../support/web-socket.ts'

const minuteMs = 60_000
const tool = await startSocketTool(t)
const echo = await startEcho(t)
const away = `http://127.0.0.1:${await freePort()}`
const at = (name: string, more: object = {}) => ({ name, path: `/${name}`, upstream: tool.url, ...more })
const { origin } = await startStack(t, {
  config: {
    routes: [
      at('tool'),
      at('open', { access: 'public' }),
      at('maybe', { access: 'optional' }),
      at('operators', { allow: { groups: ['operators'] } }),
      at('moved', { access: 'public', upstream: `${tool.url}/api/v1/` }),
      at('stripped', { access: 'public', strip_path: true }),
      at('both', { access: 'public', strip_path: true, upstream: `${tool.url}/base` }),
      at('plain', { access: 'public', upstream: echo.url }),
      at('shared', { cors: { origins: ['https://app.test'], credentials: true } }),
      at('read-only', { cors: { origins: ['https://app.test'] } }),
      at('away', { access: 'public', upstream: away }),
    ],
  },
})
const { host } = new URL(origin)
const ada = createBrowser()
await ada.signIn(`${origin}/tool`)
const cookie = ada.cookieHeader(origin)
const own = { headers: { cookie }, origin }

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', key]

/** What a handshake that is written by hand is answered, up to the end of the headers if it opens a socket. */
async function handshake(target: string, ...more: readonly string[]) {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  socket.write(`${[`GET ${target} HTTP/1.1`, `Host: ${host}`, ...upgrade, ...more].join('\r\n')}\r\n\r\n`)
  let received = ''
  for await (const chunk of socket) {
    received += chunk
    if (received.startsWith('HTTP/1.1 101') && received.includes('\r\n\r\n')) break
  }
  socket.destroy()
  return parseAnswer(received)
}
const codeOf = ({ body }: { body: string }) => JSON.parse(body).code
const lastHandshake = () => tool.handshakes.at(-1)?.headers ?? {}

t.test('a WebSocket opens for whom a page would', async (t) => {
  for (const name of ['tool', 'open', 'maybe']) {
    t.equal((await openSocket(t, `${origin}/${name}`, own)).status, 101, name)
  }
  t.equal((await openSocket(t, `${origin}/open`)).status, 101)
  t.equal((await openSocket(t, `${origin}/maybe`)).status, 101)
  t.equal(lastHandshake().authorization, undefined)
})

t.test('what is refused is an HTTP answer, and the connection ends', async (t) => {
  const asked = tool.handshakes.length
  const cases = [
    ['/tool', {}, 401, 'sign_in_required'],
    ['/tool', { headers: { accept: 'text/html' } }, 401, 'sign_in_required'],
    ['/operators', own, 403, 'access_denied'],
    ['/nowhere', own, 404, 'route_not_found'],
    ['/tool', { headers: { host: 'other.test' } }, 421, 'host_unknown'],
    ['/oauth/me', {}, 401, 'sign_in_required'],
  ] as const

  for (const [path, options, status, code] of cases) {
    const answer = await openSocket(t, origin + path, options)
    t.match(answer, { status, headers: { connection: 'close', 'content-type': /^application\/problem\+json/ } }, path)
    t.equal(answer.socket === undefined && codeOf(answer), code)
  }
  t.equal((await openSocket(t, `${origin}/oauth/me`, own)).status, 200, 'a page of ours is a page')
  t.equal(tool.handshakes.length, asked)
})

t.test('pages of other origins open no socket in the name of who is signed in', async (t) => {
  const asked = tool.handshakes.length
  for (const other of [
    undefined,
    'null',
    'https://evil.test',
    `https://${host}`,
    'http://localhost',
    `${origin}.evil.test`,
  ]) {
    for (const name of ['tool', 'maybe']) {
      for (const claim of [
        {},
        { 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      ]) {
        const headers = { cookie, ...claim }
        const answer = await openSocket(t, `${origin}/${name}`, { headers, ...(other && { origin: other }) })

        t.equal(answer.status, 403, `${other} ${name}`)
        t.equal(answer.socket === undefined && codeOf(answer), 'cross_site')
      }
    }
  }
  t.equal(tool.handshakes.length, asked)
  t.equal((await openSocket(t, `${origin}/open`, { headers: { cookie }, origin: 'https://evil.test' })).status, 101)
})

t.test('pages of origins that a route trusts open a socket there', async (t) => {
  const from = (other: string) => ({ headers: { cookie }, origin: other })

  t.equal((await openSocket(t, `${origin}/shared`, from('https://app.test'))).status, 101)
  t.match(lastHandshake().authorization, /^Bearer ey/)
  for (const [name, other] of [
    ['shared', 'https://evil.test'],
    ['read-only', 'https://app.test'],
    ['tool', 'https://app.test'],
  ]) {
    t.equal((await openSocket(t, `${origin}/${name}`, from(`${other}`))).status, 403, `${name} ${other}`)
  }
})

t.test('the tool gets the canonical path and the query as it came', async (t) => {
  const cases = [
    ['/open/a?token=%61', '/open/a?token=%61'],
    ['/%6Fpen/%61%2D%7e', '/open/a-~'],
    ['/open/caf%c3%a9', '/open/caf%C3%A9'],
    ['/open?a=/../%2F//', '/open?a=/../%2F//'],
    ['/moved/x', '/api/v1/x'],
    ['/stripped/x', '/x'],
    ['/stripped?q=1', '/?q=1'],
    ['/%73tripped/%2a', '/%2A'],
    ['/both/x', '/base/x'],
    [`http://${host}/open/y`, '/open/y'],
  ] as const

  for (const [asked, expected] of cases) {
    t.equal((await handshake(asked)).status, 101, asked)
    t.equal(tool.handshakes.at(-1)?.url, expected, asked)
  }
})

t.test('an address that could be read in two ways opens no socket', async (t) => {
  const before = tool.handshakes.length
  const tails = [
    ...['/..', '/../tool', '/%2e%2e/tool', '/..;x/tool', '/..\\tool', '/%5c', '/%2f', '/%00', '/#', '/%23', '//'],
    ...['/%252e%252e/tool', '/%252f', '/%25%32%65', '/./', '/a//b', '/%zz', '/%'],
  ]

  for (const tail of tails) {
    for (const prefix of ['/tool', '/open', '']) {
      const answer = await handshake(prefix + tail, `Origin: ${origin}`, `Cookie: ${cookie}`)
      t.equal(answer.status, 400, prefix + tail)
      t.equal(codeOf(answer), 'bad_path', prefix + tail)
    }
  }
  t.equal((await handshake('http://other.test/open')).status, 400)
  t.equal((await handshake('/open', `Host: ${host}`)).status, 400)
  t.equal((await handshake('/open', 'Authorization: a', 'Authorization: b')).status, 400)
  t.equal(tool.handshakes.length, before)
})

t.test('the tool is told who it is, by us alone', async (t) => {
  const claims = {
    'x-forwarded-user': 'evil',
    x_forwarded_email: 'evil',
    'x-toolgate-identity': 'evil',
    authorization: 'x',
  }

  await mustOpen(t, `${origin}/tool`, { ...own, headers: { cookie: `theme=dark; ${cookie}; toolgate.x=1`, ...claims } })

  const headers = lastHandshake()
  t.match(headers.authorization, /^Bearer ey/)
  t.match(headers, { 'x-forwarded-host': host, origin, cookie: /^theme=dark$/, host: new URL(tool.url).host })
  t.notMatch(JSON.stringify(headers), /evil|toolgate=/)

  await mustOpen(t, `${origin}/open`, { ...own, headers: { cookie, ...claims } })
  t.notMatch(JSON.stringify(lastHandshake()), /evil|toolgate=|Bearer/)
})

t.test('headers of the 101 pass as those of any answer', async (t) => {
  const set = { 'set-cookie': ['theme=dark', 'toolgate=evil'], 'alt-svc': 'evil', 'x-tool': 'yes' }
  tool.sockets.once('headers', (headers) => {
    for (const [name, value] of Object.entries(set)) headers.push(...[value].flat().map((one) => `${name}: ${one}`))
  })

  const { status, headers } = await handshake('/open')

  t.equal(status, 101)
  t.match(
    headers,
    new Map([
      ['upgrade', ['websocket']],
      ['connection', ['Upgrade']],
      ['x-tool', ['yes']],
      ['set-cookie', ['theme=dark']],
    ]),
  )
  t.equal(headers.has('alt-svc'), false)
})

t.test('a tool that refuses the upgrade is heard', async (t) => {
  const answers = [
    [426, 'upgrade later'],
    [200, 'x'.repeat(1 << 20)],
    [403, ''],
    [302, 'elsewhere'],
  ] as const
  for (const [status, body] of answers) {
    const refusing = await startTool(t, (_request, response) => {
      response.writeHead(status, { location: '/elsewhere', 'x-tool': 'no' }).end(body)
    })
    const routes = [{ name: 'open', path: '/open', upstream: refusing.url, access: 'public' }]
    const { origin } = await startStack(t, { config: { routes } })

    const answer = await openSocket(t, `${origin}/open`)

    t.match(answer, { status, body, headers: { connection: 'close', 'x-tool': 'no' } })
  }
})

t.test('a refusal arrives whole, however slowly it is read', async (t) => {
  const length = 32 << 20
  const refusing = await startTool(t, (_request, response) => response.writeHead(426).end(Buffer.alloc(length)))
  const routes = [{ name: 'open', path: '/open', upstream: refusing.url, access: 'public' }]
  const { origin } = await startStack(t, { config: { routes } })
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  const lines = ['GET /open HTTP/1.1', `Host: ${new URL(origin).host}`, ...upgrade, '', '']
  const asked = once(refusing.server, 'request')
  socket.write(lines.join('\r\n'))
  await asked
  await setTimeout(200)

  const received = await buffer(socket)

  t.equal(received.length - received.indexOf('\r\n\r\n') - 4 >= length, true)
})

t.test('what is no WebSocket server is not taken for one', async (t) => {
  const accepts = ['', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n']
  for (const accept of accepts) {
    const pretending = await startTool(t, () => undefined)
    let isGone: Promise<unknown> | undefined
    pretending.server.on('upgrade', (_request, socket) => {
      isGone = once(socket.resume(), 'end')
      socket.on('error', () => undefined)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n`)
    })
    const routes = [{ name: 'open', path: '/open', upstream: pretending.url, access: 'public' }]
    const { origin } = await startStack(t, { config: { routes } })

    const answer = await openSocket(t, `${origin}/open`)

    t.match(answer, { status: 502, body: /upstream_unreachable/ })
    await isGone
  }
})

t.test('a tool that is away is 502', async (t) => {
  t.match(await openSocket(t, `${origin}/away`), { status: 502, body: /upstream_unreachable/ })
})

t.test('a tool that refuses the token gets a renewed one, once', async (t) => {
  const verify = { refuse: (_bearer: string) => false }
  const picky = await startSocketTool(t, {
    verifyClient: ({ req }, done) => done(!verify.refuse(req.headers.authorization ?? ''), 401),
  })
  const clock = { at: Date.now() }
  const { origin } = await startStack(t, {
    now: () => clock.at,
    config: { routes: [{ name: 'tool', path: '/tool', upstream: picky.url }] },
  })
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  const signedIn = { headers: { cookie: browser.cookieHeader(origin) }, origin }
  await mustOpen(t, `${origin}/tool`, signedIn)
  const old = picky.handshakes.at(-1)?.headers.authorization
  verify.refuse = (bearer) => bearer === old
  clock.at += minuteMs

  const renewed = await openSocket(t, `${origin}/tool`, signedIn)

  t.equal(renewed.status, 101)
  t.match(picky.handshakes.at(-1)?.headers.authorization, /^Bearer ey/)
  t.not(picky.handshakes.at(-1)?.headers.authorization, old)

  verify.refuse = () => true
  clock.at += minuteMs
  t.match(await openSocket(t, `${origin}/tool`, signedIn), { status: 502, body: /upstream_refused_token/ })
})

t.test('nothing but a WebSocket handshake is upgraded; anything else is a request like any other', async (t) => {
  const opened = tool.handshakes.length
  const without = (name: string) => upgrade.filter((line) => !line.startsWith(name))
  const cases = [
    [...without('Upgrade'), 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
    [...without('Upgrade'), 'Upgrade: TLS/1.0'],
    [...without('Upgrade'), 'Upgrade: websocket, h2c'],
    [...upgrade, 'Upgrade: h2c'],
    [...upgrade, 'Upgrade: websocket'],
    [...upgrade, key],
    [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 8'],
    without('Sec-WebSocket-Key'),
    without('Connection'),
  ]

  for (const lines of cases) {
    const { status, body } = await sendRaw(origin, [
      'GET /plain/x HTTP/1.1',
      `Host: ${host}`,
      ...lines,
      'Connection: close',
    ])
    t.equal(status, 200, lines.join())
    t.match(JSON.parse(body), {
      method: 'GET',
      url: '/plain/x',
      headers: { upgrade: undefined, connection: 'keep-alive' },
    })
  }
  const old = await sendRaw(origin, ['GET /open HTTP/1.0', `Host: ${host}`, ...upgrade])
  t.equal(old.status, 426)
  for (const method of ['POST', 'PUT', 'OPTIONS']) {
    const { status, body } = await sendRaw(origin, [
      `${method} /plain HTTP/1.1`,
      `Host: ${host}`,
      ...upgrade,
      'Connection: close',
    ])
    t.equal(status, 200)
    t.equal(JSON.parse(body).headers.upgrade, undefined)
  }
  t.equal(tool.handshakes.length, opened)
})

t.test('a handshake with a body is a request with a body, and what follows it the next request', async (t) => {
  const before = echo.received.length
  const inner = `GET /plain/smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const bodies = [
    [[`Content-Length: ${inner.length}`], inner],
    [['Transfer-Encoding: chunked'], `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`],
  ] as const

  for (const [lines, body] of bodies) {
    const head = ['GET /plain/outer HTTP/1.1', `Host: ${host}`, ...upgrade, ...lines, 'Connection: close']
    const answer = await sendRaw(origin, head, body)

    t.equal(answer.status, 200)
    t.match(JSON.parse(answer.body), { url: '/plain/outer', body: inner })
  }
  t.equal(echo.received.length, before + 2)
})

t.test('what comes behind a refused handshake is not heard', async (t) => {
  const before = echo.received.length
  const next = [`GET /plain/next HTTP/1.1`, `Host: ${host}`, '', ''].join('\r\n')
  for (const target of ['/tool', '/plain', '/oauth/me']) {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    socket.write(`${[`GET ${target} HTTP/1.1`, `Host: ${host}`, ...upgrade].join('\r\n')}\r\n\r\n${next}`)
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    await once(socket, 'close')

    t.equal(received.split('HTTP/1.1 ').length, 2, `one answer for ${target}`)
  }
  t.equal(echo.received.length, before + 1)
})
