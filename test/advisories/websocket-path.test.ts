/**
 * The rules for paths hold for HTTP, and a WebSocket handshake goes by another way.
 * - CVE-2026-15631
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { upgradeRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { ambiguousTails } from './ambiguous-targets.ts'

const received: (string | undefined)[] = []
/** Takes every handshake, and every request. */
const tool = createServer((request, response) => {
  received.push(request.url)
  response.end()
})
tool.on('upgrade', (request, socket) => {
  received.push(request.url)
  socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
})
tool.listen(0, '127.0.0.1')
await once(tool, 'listening')
t.teardown(() => tool.close())
const upstream = `http://127.0.0.1:${(tool.address() as AddressInfo).port}`
const { origin } = await startStack(t, {
  config: {
    routes: [
      { name: 'tool', path: '/tool', upstream },
      { name: 'open', path: '/open', upstream, access: 'public' },
      { name: 'stripped', path: '/stripped', upstream: `${upstream}/base`, access: 'public' },
    ],
  },
})

t.test('a handshake for an address that could be read in two ways reaches no tool', async (t) => {
  for (const tail of ambiguousTails) {
    for (const prefix of ['/tool', '/open', '/stripped', '']) {
      t.equal((await upgradeRaw(origin, prefix + tail)).status, 400, prefix + tail)
    }
  }

  t.same(received, [])
})

t.test('a handshake passes the guard: as nobody, and from other origins, not at all', async (t) => {
  const cookie = 'Cookie: toolgate=x.y'
  const rows = [
    [401],
    [401, 'Origin: https://evil.example'],
    [401, `Origin: ${origin}`],
    [401, cookie, `Origin: ${origin}`],
    [403, cookie],
    [403, cookie, 'Origin: https://evil.example'],
    [403, cookie, 'Origin: null'],
  ] as const

  for (const [status, ...more] of rows) {
    for (const target of ['/tool', '/%74ool/x', '/tool?x=/open']) {
      t.equal((await upgradeRaw(origin, target, ...more)).status, status, `${target} ${more}`)
    }
  }

  t.same(received, [])
})

t.test('what passes arrives under the path that was decided on', async (t) => {
  for (const [asked, expected] of [
    ['/open/%61', '/open/a'],
    ['/%73tripped/x?y=%2e', '/base/x?y=%2e'],
  ] as const) {
    await upgradeRaw(origin, asked)
    t.equal(received.at(-1), expected)
  }
})

t.test('Host, and what else may be there once, are looked at as well', async (t) => {
  const before = received.length

  t.equal((await upgradeRaw(origin, '/open', 'Host: evil.example')).status, 421)
  t.equal((await upgradeRaw(origin, '/open', 'Authorization: a', 'Authorization: b')).status, 400)
  t.equal((await upgradeRaw(origin, 'http://evil.example/open')).status, 400)
  t.equal(received.length, before)
})
