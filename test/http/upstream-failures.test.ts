import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

/** Something on a port that may speak HTTP, or not. */
async function listening(t: Test, onSocket: (socket: Socket) => void): Promise<Server & { url: string }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return Object.assign(server, { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` })
}

const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const timeouts = { connect: '1s', response: '1s', idle: '1s' }

/** Signed in at a gateway whose only protected tool is this one. */
async function signedInAt(t: Test, route: object) {
  const { origin } = await startStack(t, {
    config: { routes: [{ name: 'tool', title: 'The tool', path: '/tool', timeouts, ...route }] },
  })
  const browser = createBrowser()
  await browser.signIn(`${origin}/oauth/sign-in`)
  const headers = { 'sec-fetch-site': 'same-origin' }
  return {
    origin,
    browser,
    ask: (method: 'GET' | 'POST' = 'GET') => browser.send(`${origin}/tool`, { method, headers }),
  }
}

t.test('an upstream that cannot be reached is a 502 that says nothing of where it lives', async (t) => {
  const port = await freePort()
  for (const upstream of [`http://127.0.0.1:${port}`, 'http://no-such-host.invalid:3999']) {
    const { origin, ask, browser } = await signedInAt(t, { upstream })

    // First: its connection must be at rest when the gateway is closed.
    const upload = await browser.send(`${origin}/tool`, {
      method: 'POST',
      headers: sameOrigin,
      form: { a: 'x'.repeat(1e6) },
    })
    const answer = await ask()
    const page = await browser.load(`${origin}/tool`)

    t.equal(answer.status, 502)
    t.equal(JSON.parse(answer.body).code, 'upstream_unreachable')
    t.equal(upload.status, 502)
    t.equal(page.status, 502)
    t.match(page.body, 'The tool does not answer')
    for (const { body, headers } of [answer, page]) {
      t.notMatch(body + JSON.stringify(headers), new RegExp(`${port}|invalid|3999|ECONN|ENOTFOUND|undici`))
    }
  }
})

t.test('an upstream that is late is a 504', async (t) => {
  const silent = await listening(t, () => undefined)
  const cases = [{ upstream: silent.url }, { upstream: silent.url.replace('http:', 'https:') }]

  for (const route of cases) {
    const { ask } = await signedInAt(t, route)
    const answer = await ask()
    t.equal(answer.status, 504, route.upstream)
    t.equal(JSON.parse(answer.body).code, 'upstream_timeout')
  }
})

t.test('an answer that breaks off breaks off for the client too', async (t) => {
  const half = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'
  const { url: upstream } = await listening(t, (socket) => {
    socket.on('data', () => socket.write(half, () => setTimeout(() => socket.resetAndDestroy(), 20)))
  })
  const { ask } = await signedInAt(t, { upstream })

  await t.rejects(ask())
})

t.test('an answer that stops in the middle is given up after the idle timeout', async (t) => {
  const { url: upstream } = await listening(t, (socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'))
  })
  const { ask } = await signedInAt(t, { upstream })

  await t.rejects(ask())
})

t.test('an answer that is no HTTP is a 502', async (t) => {
  const { url: upstream } = await listening(t, (socket) => void socket.on('data', () => socket.end('SSH-2.0-x\r\n')))
  const { ask } = await signedInAt(t, { upstream })

  t.equal((await ask()).status, 502)
})

t.test('a kept connection that had died is used once more, for what may be sent twice', async (t) => {
  const methods: string[] = []
  let perSocket = 1
  const { url: upstream } = await listening(t, (socket) => {
    let served = 0
    socket.on('data', (data) => {
      methods.push(String(data).split(' ')[0] ?? '')
      if (served++ < perSocket) socket.write(ok)
      else socket.destroy()
    })
  })
  const { ask } = await signedInAt(t, { upstream })
  t.equal((await ask()).status, 200)

  t.equal((await ask()).status, 200)
  t.same(methods, ['GET', 'GET', 'GET'])

  t.equal((await ask('POST')).status, 502)
  t.same(methods, ['GET', 'GET', 'GET', 'POST'])

  perSocket = 0
  methods.length = 0
  t.equal((await ask()).status, 502)
  t.same(methods, ['GET', 'GET'], 'once more, not for ever')
})

t.test("the tool's own 503 is not asked for again", async (t) => {
  let asked = 0
  const tool = await startTool(t, (_request, response) => {
    asked++
    response.writeHead(503, { 'retry-after': '0' }).end('busy')
  })
  const { ask } = await signedInAt(t, { upstream: tool.url })

  const answer = await ask()

  t.equal(answer.status, 503)
  t.equal(answer.body, 'busy')
  t.equal(asked, 1)
})
