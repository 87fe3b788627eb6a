import t from 'tap'
import { addressText, readStoreUrl } from '../../src/core/store-address.ts'

const plain = { tls: false, username: '', password: '', name: '', database: 0 }
const one = (host: string, port: number) => [{ host, port }]

t.test('each form of a Redis is read', async (t) => {
  for (const [url, address] of [
    ['redis://cache', { ...plain, form: 'single', nodes: one('cache', 6379) }],
    ['redis://127.0.0.1:7000/', { ...plain, form: 'single', nodes: one('127.0.0.1', 7000) }],
    ['rediss://cache/3', { ...plain, form: 'single', tls: true, nodes: one('cache', 6379), database: 3 }],
    ['redis://[::1]:6380', { ...plain, form: 'single', nodes: one('::1', 6380) }],
    ['redis+sentinel://s1/main', { ...plain, form: 'sentinel', nodes: one('s1', 26379), name: 'main' }],
    [
      'rediss+sentinel://s1:1,s2:2/main/4',
      { ...plain, form: 'sentinel', tls: true, nodes: [...one('s1', 1), ...one('s2', 2)], name: 'main', database: 4 },
    ],
    ['redis+cluster://n1,n2:7/0', { ...plain, form: 'cluster', nodes: [...one('n1', 6379), ...one('n2', 7)] }],
    ['rediss+cluster://n1', { ...plain, form: 'cluster', tls: true, nodes: one('n1', 6379) }],
  ] as const) {
    t.strictSame(readStoreUrl(url), address, url)
  }
})

t.test('user and password are decoded, in every form', async (t) => {
  for (const url of [
    'redis://a%3A:p%40%2F%25:x@h',
    'redis+sentinel://a%3A:p%40%2F%25:x@h/n',
    'redis+cluster://a%3A:p%40%2F%25:x@h,i',
  ]) {
    t.match(readStoreUrl(url), { username: 'a:', password: 'p@/%:x' })
  }
  t.match(readStoreUrl('redis://:secret@h'), { username: '', password: 'secret' })
  t.match(readStoreUrl('redis://user@h'), { username: 'user', password: '' })
  t.match(readStoreUrl('redis://:p@ss@h'), { password: 'p@ss', nodes: [{ host: 'h' }] })
})

t.test('what cannot be read is told by its fault', async (t) => {
  for (const [url, fault] of [
    ['http://h', 'form'],
    ['redis:h', 'form'],
    ['redis://', 'form'],
    ['redis+ring://h', 'form'],
    ['redis://h?family=6', 'query'],
    ['redis://:pa#ss@h', 'query'],
    ['redis://:50%@h', 'login'],
    ['redis://:pa/ss@h', 'hosts'],
    ['redis://@', 'hosts'],
    ['redis://h:0', 'hosts'],
    ['redis://h:65536', 'hosts'],
    ['redis://h:port', 'hosts'],
    ['redis://::1', 'hosts'],
    ['redis+cluster://h,', 'hosts'],
    ['redis://h,i', 'several'],
    ['redis+sentinel://h', 'name'],
    ['redis+sentinel://h/', 'name'],
    ['redis+sentinel://h//0', 'name'],
    ['redis+sentinel://h/n/x', 'database'],
    ['redis+sentinel://h/n/0/1', 'database'],
    ['redis://h/x', 'database'],
    ['redis+cluster://h/1', 'database'],
  ] as const) {
    t.equal(readStoreUrl(url), fault, url)
  }
})

t.test('hosts are shown without user and password', async (t) => {
  const address = readStoreUrl('redis+cluster://user:secret@n1,[::1]:7')

  t.equal(typeof address === 'string' ? address : addressText(address), 'n1:6379, [::1]:7')
})
