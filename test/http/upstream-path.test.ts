import t from 'tap'
import { startEcho } from '../support/echo.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

t.test('strip_path and a path in upstream decide where a request arrives', async (t) => {
  const echo = await startEcho(t)
  const at = (path: string, upstream: string, more: object = {}) => ({
    ...{ name: path.slice(1) || 'root', path, upstream: echo.url + upstream, access: 'public' },
    ...more,
  })
  const routes = [
    at('/as-it-is', ''),
    at('/slash', '/'),
    at('/mcp', '/mcp'),
    at('/moved', '/api/v1/'),
    at('/stripped', '', { strip_path: true }),
    at('/both', '/base', { strip_path: true }),
    at('/', ''),
  ]
  const { origin } = await startStack(t, { config: { routes } })
  const cases = [
    ['/as-it-is/x?q=1', '/as-it-is/x?q=1'],
    ['/slash/x', '/slash/x'],
    ['/mcp', '/mcp'],
    ['/mcp/x', '/mcp/x'],
    ['/moved/x', '/api/v1/x'],
    ['/stripped/x', '/x'],
    ['/stripped?q=1', '/?q=1'],
    ['/%73tripped/%2a', '/%2A'],
    ['/both/x', '/base/x'],
    ['/anything', '/anything'],
    ['/', '/'],
  ] as const

  for (const [asked, expected] of cases) {
    await sendRaw(origin, [`GET ${asked} HTTP/1.1`, `Host: ${new URL(origin).host}`])
    t.equal(echo.received.at(-1)?.url, expected, asked)
  }
})
