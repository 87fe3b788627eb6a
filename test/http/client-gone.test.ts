import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const errors: string[] = []
const tool = await startTool(t, (request) => request.on('error', () => undefined))
const { origin, cognito, gateway } = await startStack(t, {
  config: {
    routes: [{ name: 'silent', path: '/silent', upstream: tool.url, access: 'public', timeouts: { idle: '7m' } }],
  },
  log: (line) => {
    if (JSON.parse(line).level >= 50) errors.push(line)
  },
})
const { host, port } = new URL(origin)

async function send(...lines: readonly string[]) {
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  await new Promise((resolve) => socket.write(lines.join('\r\n'), resolve))
  return socket
}

t.test('a client that is gone before it is heard is no error', async (t) => {
  const browser = createBrowser()
  const { location } = await browser.load(`${origin}/oauth/sign-in`)
  t.match(location, cognito.domain)
  const state = new URL(location ?? '').searchParams.get('state')
  const cookie = browser.cookieHeader(origin)

  for (const path of ['/silent', `/oauth/callback?state=${state}&code=x`]) {
    for (let i = 0; i < 20; i++) {
      const socket = await send(`GET ${path} HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookie}`, '', '')
      socket.resetAndDestroy()
    }
  }
  await browser.load(`${origin}/oauth/me`)

  t.same(errors, [])
})

t.test('a client that goes while it sends is no error', async (t) => {
  const heard = once(tool.server, 'request')
  const socket = await send('POST /silent HTTP/1.1', `Host: ${host}`, 'Content-Length: 40', '', 'half')
  const [request] = await heard

  socket.destroy()
  await new Promise((resolve) => request.once('close', resolve))
  await createBrowser().load(`${origin}/oauth/me`)

  t.same(errors, [])
})

t.test('a client that stops in the middle keeps its connection no longer than a tool may be silent', async (t) => {
  const { server } = gateway.app
  t.equal(server.timeout, 7 * 60_000 + 10_000)
  server.setTimeout(100)
  const socket = await send('POST /silent HTTP/1.1', `Host: ${host}`, 'Content-Length: 40', '', 'half')

  await once(socket.resume(), 'close')

  t.ok(socket.destroyed)
})
