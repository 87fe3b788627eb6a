import t from 'tap'
import { canonicalTarget } from '../../src/core/canonical-path.ts'
import { upstreamPath } from '../../src/core/upstream-path.ts'
import { aRoute } from '../support/route.ts'

t.test("an upstream's path stands in for the route's prefix; without one the path stays", async (t) => {
  const cases = [
    ['/mcp', undefined, '/mcp/x', '/mcp/x'],
    ['/mcp', '/mcp', '/mcp/x', '/mcp/x'],
    ['/mcp', '/mcp', '/mcp', '/mcp'],
    ['/mcp', '/mcp', '/mcp/', '/mcp/'],
    ['/tool', '/api/v1', '/tool/x?q=%61', '/api/v1/x?q=%61'],
    ['/tool', '', '/tool/x/y', '/x/y'],
    ['/tool', '', '/tool', '/'],
    ['/tool', '', '/tool?q', '/?q'],
    ['/tool', '', '/tool/', '/'],
    ['', undefined, '/x', '/x'],
    ['', '/base', '/x', '/base/x'],
    ['', '/base', '/', '/base/'],
    ['/caf%C3%A9', '/x', '/caf%c3%a9/%6d', '/x/m'],
  ] as const

  for (const [path, prefix, asked, expected] of cases) {
    const route = aRoute({ path, upstream: { origin: 'http://127.0.0.1:3000', prefix, tls: undefined } })
    t.equal(upstreamPath(route, canonicalTarget(asked)), expected, JSON.stringify([path, prefix, asked]))
  }
})
