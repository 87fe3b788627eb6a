import t from 'tap'
import { createAnswerHeaders } from '../../src/core/answer-headers.ts'
import type { Route } from '../../src/core/route.ts'
import type { Credential } from '../../src/core/upstream-headers.ts'
import { fromPairs, toPairs } from '../support/header-pairs.ts'
import { aRoute, mcpRules } from '../support/route.ts'

/** What is left of an upstream's headers. */
function response(
  headers: Parameters<typeof toPairs>[0],
  route: Partial<Route> = {},
  credential: Credential = 'stored',
  origin?: string,
) {
  return fromPairs(createAnswerHeaders('toolgate')(toPairs(headers), aRoute(route), credential, origin))
}

t.test('a challenge reaches whoever holds the token that it is about', async (t) => {
  const challenge = { 'www-authenticate': 'Bearer realm="inner"' }

  t.equal(response(challenge, {}, 'stored')['www-authenticate'], undefined)
  t.match(response(challenge, {}, 'presented'), challenge)
  t.match(response(challenge, {}, 'none'), challenge)
  t.match(response(challenge, { inject: undefined }, 'stored'), challenge)
})

t.test('an answer made for one user is stored for nobody else', async (t) => {
  const controls: [string | undefined, string][] = [
    [undefined, 'private'],
    ['public, max-age=60', 'private, max-age=60'],
    ['s-maxage=60, must-revalidate', 'private, must-revalidate'],
    ['Public', 'private'],
    ['private, max-age=60', 'private, max-age=60'],
    ['no-store', 'no-store'],
    ['private="set-cookie"', 'private, private="set-cookie"'],
    ['x-private, not-public', 'private, x-private, not-public'],
    ['max-age=60, immutable', 'private, max-age=60, immutable'],
  ]
  const varies: [string | undefined, string][] = [
    [undefined, 'Cookie, Authorization'],
    ['Accept-Encoding', 'Accept-Encoding, Cookie, Authorization'],
    ['cookie, Accept', 'cookie, Accept, Authorization'],
    ['*', '*'],
  ]

  for (const [control, expected] of controls) {
    t.equal(
      response(control === undefined ? {} : { 'cache-control': control })['cache-control'],
      expected,
      control ?? '',
    )
  }
  for (const [vary, expected] of varies)
    t.equal(response(vary === undefined ? {} : { vary }).vary, expected, vary ?? '')
  const told = { 'cdn-cache-control': 'max-age=9', 'acme-cdn-cache-control': 'max-age=9', 'surrogate-control': 'x' }
  t.same(response(told), { 'cache-control': 'private', vary: 'Cookie, Authorization' })
})

t.test('directives and names that come in several headers are one list', async (t) => {
  const several = { 'cache-control': ['public', 'max-age=60'], vary: ['Accept', 'cookie'] }

  t.same(response(several), { 'cache-control': 'private, max-age=60', vary: 'Accept, cookie, Authorization' })
})

t.test('what one tool could change for the others on its host is dropped, whoever asks', async (t) => {
  const harmful = ['service-worker-allowed', 'clear-site-data', 'alt-svc', 'nel', 'report-to', 'reporting-endpoints']
  const cors = ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-max-age']
  const own = { 'x-own': '1', 'x-access-control-x': '2', etag: '"3"' }

  for (const name of [...harmful, ...cors, 'keep-alive', 'transfer-encoding']) {
    t.same(response({ [name]: 'x', ...own }, { access: 'public' }, 'none'), own, name)
  }
  t.match(response(own), own, 'all else passes')
})

t.test('scripts of listed origins may read the answer, by the names of its headers', async (t) => {
  const cors = { origins: ['https://app.test'], credentials: false }
  const own = { 'x-own': '1', etag: '"2"', vary: 'Accept' }
  const ofOrigin = (origin: string | undefined, headers = own) =>
    response(headers, { cors, access: 'public' }, 'none', origin)

  t.same(ofOrigin('https://app.test'), {
    'x-own': '1',
    etag: '"2"',
    'access-control-allow-origin': 'https://app.test',
    'access-control-expose-headers': 'x-own, etag, vary',
    vary: 'Accept, Origin',
  })
  for (const other of ['https://other.test', undefined]) t.same(ofOrigin(other), { ...own, vary: 'Accept, Origin' })
  t.same(
    fromPairs(createAnswerHeaders('toolgate')([], aRoute({ cors, access: 'public' }), 'none', 'https://app.test')),
    {
      'access-control-allow-origin': 'https://app.test',
      vary: 'Origin',
    },
  )
})

t.test('a value is read by the header that it is of', async (t) => {
  const own = { 'x-note': 'toolgate=1', 'x-type': 'text/event-stream' }

  t.same(response(own, { access: 'public' }, 'none'), own)
})

t.test('caches are told so on optional routes, and left alone on public ones', async (t) => {
  const shared = { 'cache-control': 'public, max-age=60' }

  t.equal(response(shared, { access: 'optional' }, 'none')['cache-control'], 'private, max-age=60')
  t.equal(response(shared, { mcp: mcpRules() }, 'none')['cache-control'], 'private, max-age=60')
  t.same(response(shared, { access: 'public' }, 'none'), shared)
})

t.test('cache: shared passes on what the upstream says of caches', async (t) => {
  const shared = { 'cache-control': 'public, s-maxage=60', 'cdn-cache-control': 'max-age=9', vary: 'Accept' }

  t.same(response(shared, { cache: 'shared' }), shared)
  t.same(response(shared, { cache: 'shared', access: 'optional' }, 'none'), shared)
})

t.test("what Connection takes away is the upstream's own, not what we add", async (t) => {
  const named = { connection: 'Cache-Control, vary', 'cache-control': 'public', vary: 'Accept' }

  t.same(response(named), { 'cache-control': 'private', vary: 'Cookie, Authorization' })
})

t.test('upstreams cannot set our cookies, and may set all others', async (t) => {
  const kept = [
    'a=1; Path=/',
    'toolgatex=2',
    'x=toolgate=3',
    '__Host-b=4',
    'toolgate-a=5',
    'Toolgate=6',
    '=7',
    ';toolgate=8',
  ]
  const dropped = [
    ...['toolgate=evil; Path=/', ' toolgate =evil', 'toolgate', 'toolgate.a.xyz=evil', 'toolgate.u=evil; HttpOnly'],
    ...['=toolgate=evil', ' = toolgate=evil', 'toolgate;x'],
  ]

  t.same(response({ 'set-cookie': [...kept, ...dropped] })['set-cookie'], kept)
  t.notOk('set-cookie' in response({ 'set-cookie': dropped }))
})

t.test('an event stream is not held back, whatever the upstream says of that', async (t) => {
  const type = 'text/event-stream; charset=utf-8'
  const kept = { 'content-type': 'text/html', 'x-accel-buffering': 'yes' }

  t.equal(response({ 'content-type': type })['x-accel-buffering'], 'no')
  t.equal(response({ 'x-accel-buffering': 'yes', 'content-type': type })['x-accel-buffering'], 'no')
  t.match(response(kept), kept)
})
