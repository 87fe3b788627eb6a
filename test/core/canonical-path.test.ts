import t from 'tap'
import { canonicalTarget, originForm, withoutDefaultPort, withoutParameters } from '../../src/core/canonical-path.ts'

t.test('one address has one canonical form', async (t) => {
  const accepted = [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/', '/a/'],
    ['/%61dmin', '/admin'],
    ['/%41-%5f%7e', '/A-_~'],
    ['/a%2Eb', '/a.b'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/%ff', '/%FF'],
    ['/a%20b', '/a%20b'],
    ['/a%3bb', '/a%3Bb'],
    ['/a;x=1/b', '/a;x=1/b'],
    ['/100%25', '/100%25'],
    ['/a%25zz', '/a%25zz'],
    ['/...', '/...'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a..b/..c/d..', '/a..b/..c/d..'],
    ["/!$&'()*+,=:@~", "/!$&'()*+,=:@~"],
  ]

  for (const [target = '', path] of accepted) t.equal(canonicalTarget(target).path, path, target)
})

t.test('what two servers might read differently is refused', async (t) => {
  const refused = [
    ...['', 'a', '*', 'x:y', '//', '//a', '/a//b', '/a//', '/%2f', '/a%2Fb', '/%5c', '/a%5Cb', '/\\', '/a\\..\\b'],
    ...['/.', '/..', '/a/.', '/a/..', '/a/../b', '/a/./b', '/%2e', '/%2E%2e', '/.%2e/a', '/a/%2e%2e/b', '/a/.%2E'],
    ...['/..;x', '/a/..;x=1/b', '/.;/a', '/..%3b', '/%2e%2e;x/a', '/%00', '/a%00b', '/%1f', '/%0d%0a', '/%7f', '/a%7F'],
    ...['/#', '/a#b', '/%23', '/a%23b', '/%252e', '/%252e%252e/', '/%252f', '/%255c', '/%2500', '/%2523', '/%2525'],
    ...[
      '/%25252e',
      '/%25%32%65',
      '/%25%32f',
      '/%',
      '/%2',
      '/%zz',
      '/a%',
      '/a b',
      '/a"b',
      '/<',
      '/{a}',
      '/a|b',
      '/^',
      '/`',
      '/é',
      '/a\tb',
    ],
  ]

  for (const target of refused) t.throws(() => canonicalTarget(target), { code: 'bad_path' }, JSON.stringify(target))
})

t.test('the query is not touched, and has no say in the path', async (t) => {
  t.same(canonicalTarget('/%61?x=/../%2e%2E//\\%00&a=%61'), { path: '/a', search: '?x=/../%2e%2E//\\%00&a=%61' })
  t.same(canonicalTarget('/a?'), { path: '/a', search: '?' })
  t.same(canonicalTarget('/a??b?c'), { path: '/a', search: '??b?c' })
  t.throws(() => canonicalTarget('/a?b#c'), { code: 'bad_path' })
})

t.test('an absolute address is split into its host and the rest', async (t) => {
  const split = [
    ['/a', undefined, '/a'],
    ['http://h:1/a?b', 'h:1', '/a?b'],
    ['HTTPS://H/a', 'H', '/a'],
    ['http://h', 'h', '/'],
    ['http://h?x', 'h', '/?x'],
    ['http://u:p@h/a', 'u:p@h', '/a'],
    ['http:///a', '', '/a'],
    ['http://h/../a', 'h', '/../a'],
    ['ftp://h/a', undefined, 'ftp://h/a'],
    ['//h/a', undefined, '//h/a'],
    ['/a?b=http://h/c', undefined, '/a?b=http://h/c'],
    ['http://h/a\nb', undefined, 'http://h/a\nb'],
  ] as const

  for (const [given, host, target] of split) t.same(originForm(given), { target, host }, given)
})

t.test('a host is compared in lower case, without the default port of its scheme', async (t) => {
  const hosts = [
    ['Tools.test:443', 'https', 'tools.test'],
    ['tools.test:80', 'https', 'tools.test:80'],
    ['tools.test:4430', 'https', 'tools.test:4430'],
    ['tools.test:80', 'http', 'tools.test'],
    ['tools.test:443', 'http', 'tools.test:443'],
    ['tools.test:800', 'http', 'tools.test:800'],
    ['[::1]:80', 'http', '[::1]'],
  ] as const

  for (const [host, scheme, expected] of hosts) t.equal(withoutDefaultPort(host, scheme), expected, host)
})

t.test('path parameters can be left out', async (t) => {
  t.equal(withoutParameters('/a;x=1/b;y;z/c'), '/a/b/c')
  t.equal(withoutParameters('/a/b'), '/a/b')
  t.equal(withoutParameters('/a%3Bx=1/b'), '/a/b')
  t.equal(withoutParameters('/;x/a'), '/a')
  t.equal(withoutParameters('/a/;x/%3B/b/;y'), '/a/b/')
})
