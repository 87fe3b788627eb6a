import t from 'tap'
import { createRouteTable } from '../../src/core/route-table.ts'
import { aRoute } from '../support/route.ts'

const host = 'tools.test'

function tableOf(...paths: string[]) {
  const routes = paths.map((path) => aRoute({ name: path || 'root', host, path }))
  return createRouteTable(routes, host, '/oauth')
}

t.test('the longest prefix on a segment boundary wins', async (t) => {
  const table = tableOf('/a', '/a/b', '/a/b/c', '/ab')
  const expected = [
    ['/a', '/a'],
    ['/a/', '/a'],
    ['/a/x', '/a'],
    ['/a/bx', '/a'],
    ['/a/b', '/a/b'],
    ['/a/b/', '/a/b'],
    ['/a/b/cd', '/a/b'],
    ['/a/b/c/d/e', '/a/b/c'],
    ['/ab', '/ab'],
    ['/ab/c', '/ab'],
    ['/abc', undefined],
    ['/A', undefined],
    ['/', undefined],
  ] as const

  for (const [path, name] of expected) t.equal(table.match(host, path)?.name, name, path)
})

t.test('a route at the root takes what no other does', async (t) => {
  const table = tableOf('', '/a')

  t.equal(table.match(host, '/')?.name, 'root')
  t.equal(table.match(host, '/b/c')?.name, 'root')
  t.equal(table.match(host, '/a/c')?.name, '/a')
})

t.test('our own addresses are covered by no route', async (t) => {
  const table = tableOf('')
  const ours = [
    ...['/oauth', '/oauth/', '/oauth/me', '/oauth/anything/else', '/.well-known/oauth-protected-resource'],
    ...['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-authorization-server'],
    ...['/.well-known/oauth-authorization-server/mcp', '/.well-known/openid-configuration', '/.well-known/toolgate'],
    ...['/.well-known/toolgate/jwks.json'],
  ]
  const theirs = ['/oauths', '/oauth2/x', '/.well-known', '/.well-known/', '/.well-known/security.txt', '/x/oauth/']
  const alsoTheirs = ['/.well-known/openid-configuration2', '/.well-known/toolgates', '/x/.well-known/toolgate/']

  for (const path of ours) t.equal(table.match(host, path), undefined, path)
  for (const path of [...theirs, ...alsoTheirs]) t.equal(table.match(host, path)?.name, 'root', path)
})

t.test('path parameters that would change the route are refused', async (t) => {
  const table = tableOf('', '/admin', '/a/b')
  const refused = [
    '/admin;x',
    '/admin;x/y',
    '/admin%3Bx',
    '/a;x/b',
    '/a;/b/c',
    '/;x/admin',
    '/%3B/;/admin/y',
    '/a/;x/b',
    '/;/oauth/me',
    '/oauth;x/me',
    '/.well-known;x/toolgate/k',
  ]
  const harmless = ['/admin/x;y', '/b;x/c', '/a/b/c;d', '/a/bc;d']

  for (const path of refused) t.throws(() => table.match(host, path), { code: 'bad_path' }, path)
  for (const path of harmless) t.doesNotThrow(() => table.match(host, path), path)
})

t.test('each host has routes of its own', async (t) => {
  const routes = [aRoute({ name: 'here', host, path: '/a' }), aRoute({ name: 'there', host: 'other.test', path: '' })]
  const table = createRouteTable(routes, host, '/oauth')

  t.equal(table.match(host, '/a')?.name, 'here')
  t.equal(table.match('other.test', '/a')?.name, 'there')
  t.equal(table.match(host, '/b'), undefined)
  t.same(
    [host, 'other.test', 'third.test', ''].map((name) => table.serves(name)),
    [true, true, false, false],
  )
})

t.test('our own host is served also where no route is, and any other has none', async (t) => {
  const table = createRouteTable([], host, '/oauth')

  t.ok(table.serves(host))
  t.equal(table.match(host, '/a'), undefined)
  t.equal(table.match('third.test', '/a'), undefined)
})

t.test('how deep a path is does not matter, only how deep the routes are', (t) => {
  const table = tableOf('', '/a/a', '/b')
  const path = '/a'.repeat(50_000)
  const started = performance.now()

  // With a look-up for each segment they took a second each.
  for (let i = 0; i < 5; i++) t.equal(table.match(host, Buffer.from(path + i).toString())?.name, '/a/a')

  t.ok(performance.now() - started < 1_000)
  t.end()
})
