import t from 'tap'
import { createTrustedProxies } from '../../src/adapters/trusted-proxies.ts'
import { clientOf } from '../../src/core/client.ts'

const proxies = createTrustedProxies(['10.0.0.0/8', '2001:db8:1::/48', '::1'])
const near = '10.0.0.1'
const nothing = { host: undefined, scheme: undefined }

/** Header lines as Node gives them. */
const raw = (...lines: string[]) => lines.flatMap((line) => line.split(/: (.*)/s).slice(0, 2))
const of = (peer: string, ...lines: string[]) => clientOf(raw(...lines), peer, proxies)
const addressOf = (...lines: string[]) => of(near, ...lines).address

t.test('nobody else changes anything', async (t) => {
  const lies = ['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-Host: evil.test', 'X-Forwarded-Proto: https', 'Forwarded: ;;=']

  for (const peer of ['11.0.0.1', '127.0.0.1', '::2', '::ffff:11.0.0.1', 'fe80::1%eth0']) {
    t.strictSame(of(peer, ...lies), { address: peer.replace('::ffff:', ''), ...nothing })
  }
})

t.test('a trusted proxy that says nothing is the client', async (t) => {
  t.strictSame(of(near), { address: near, ...nothing })
  t.strictSame(of(`::ffff:${near}`), { address: near, ...nothing })
})

t.test('the client is the rightmost address that is not trusted', async (t) => {
  const cases = [
    ['1.1.1.1', '1.1.1.1'],
    ['6.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['6.6.6.6, 1.1.1.1, 10.9.9.9, 10.0.0.2', '1.1.1.1'],
    ['10.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['6.6.6.6,2001:db8:2::1 ,2001:db8:1::1', '2001:db8:2::1'],
    ['6.6.6.6, ::ffff:1.1.1.1, ::ffff:10.1.1.1', '1.1.1.1'],
    ['6.6.6.6, 1.1.1.1:4711', '1.1.1.1'],
    ['6.6.6.6, [2001:db8:2::1]:4711, [2001:db8:1::1]', '2001:db8:2::1'],
  ] as const

  for (const [header, expected] of cases) t.equal(addressOf(`X-Forwarded-For: ${header}`), expected, header)
  t.equal(addressOf('X-Forwarded-For: 6.6.6.6', 'x-forwarded-for: 1.1.1.1'), '1.1.1.1', 'two headers are one list')
  t.equal(of('::ffff:10.0.0.1', 'X-Forwarded-For: 1.1.1.1').address, '1.1.1.1', 'a peer on a socket for both families')
})

t.test('behind what is no address nobody is looked for', async (t) => {
  for (const entry of [
    'unknown',
    '',
    '1.1.1',
    '01.1.1.1',
    'fe80::1%eth0',
    'host.test',
    '"1.1.1.1"',
    '1.1.1.1 1.1.1.1',
  ]) {
    t.equal(addressOf(`X-Forwarded-For: 6.6.6.6, ${entry}`), near, entry)
    t.equal(addressOf(`X-Forwarded-For: 6.6.6.6, ${entry}, 10.0.0.2`), '10.0.0.2', entry)
  }
})

t.test('host and scheme are what the nearest proxy says', async (t) => {
  t.match(of(near, 'X-Forwarded-Host: A.test', 'X-Forwarded-Proto: HTTPS'), { host: 'a.test', scheme: 'https' })
  t.match(of(near, 'X-Forwarded-Host: evil.test, a.test', 'X-Forwarded-Proto: http, wss'), {
    host: 'a.test',
    scheme: 'https',
  })
  t.match(of(near, 'X-Forwarded-Host: ', 'X-Forwarded-Proto: gopher'), nothing)
})

t.test('Forwarded says the same, of the proxy that met the client', async (t) => {
  const cases = [
    ['for=1.1.1.1;host=a.test;proto=https', '1.1.1.1'],
    ['FOR="1.1.1.1:80" ; Host="a.test";proto=https;by=_x', '1.1.1.1'],
    ['for=6.6.6.6;host=evil.test, for="[2001:db8:2::1]:4";host=a.test;proto=https', '2001:db8:2::1'],
    ['for=6.6.6.6, for=1.1.1.1;host=a.test;proto=https, for=10.0.0.2;host=inner;proto=http', '1.1.1.1'],
    ['for=6.6.6.6;host=evil.test, for=_hidden;host=a.test;proto=https', near],
    ['for=6.6.6.6;host=evil.test,, for=1.1.1.1;host="\\a.test";proto=https,', '1.1.1.1'],
    ['for=6.6.6.6, host=a.test;proto=https', near],
  ] as const

  for (const [header, address] of cases) {
    t.strictSame(of(near, `Forwarded: ${header}`), { address, host: 'a.test', scheme: 'https' }, header)
  }
  t.strictSame(of(near, 'Forwarded: proto=http'), { address: near, host: undefined, scheme: 'http' })
})

t.test('what cannot be read, or says two things, is refused', async (t) => {
  const unreadable = ['for=1.1.1.1;for=2.2.2.2', 'for', 'for="1.1.1.1', 'for=1.1.1.1 for=2.2.2.2', 'for=::1', '=x']
  const other = [
    ['X-Forwarded-For: 1.1.1.1', 'Forwarded: for=2.2.2.2'],
    ['X-Forwarded-For: 1.1.1.1', 'Forwarded: for=unknown'],
    ['X-Forwarded-Host: a.test', 'Forwarded: host=b.test'],
    ['X-Forwarded-Proto: https', 'Forwarded: proto=http'],
  ]

  for (const header of unreadable) t.throws(() => addressOf(`Forwarded: ${header}`), { code: 'bad_request' }, header)
  for (const lines of other) t.throws(() => addressOf(...lines), { code: 'bad_request' }, lines.join())
  t.match(of(near, 'X-Forwarded-For: 1.1.1.1', 'Forwarded: for=1.1.1.1;host=a.test', 'X-Forwarded-Proto: https'), {
    address: '1.1.1.1',
    host: 'a.test',
    scheme: 'https',
  })
})

t.test('a long header costs little', async (t) => {
  const start = performance.now()

  for (const text of ['"'.repeat(16_000), ' '.repeat(16_000), `a="${'\\"'.repeat(8_000)}`, 'a=b;'.repeat(4_000)]) {
    t.throws(() => addressOf(`Forwarded: x${text}x`), { code: 'bad_request' })
  }
  addressOf(`X-Forwarded-For: ${'10.0.0.1,'.repeat(1_600)}`)

  t.ok(performance.now() - start < 500)
})
