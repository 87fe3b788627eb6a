import t from 'tap'
import type { Passage } from '../../src/core/guard.ts'
import type { Route } from '../../src/core/route.ts'
import { parseTemplate } from '../../src/core/template.ts'
import { type Carried, type Credential, createUpstreamHeaders, type Headers } from '../../src/core/upstream-headers.ts'
import { aPassage } from '../support/passage.ts'
import { aRoute } from '../support/route.ts'

const arrival = { clientAddress: '127.0.0.1', host: 'tools.test', scheme: 'https' } as const
const names = { user: '{user}', email: '{email}', name: '{name}', groups: '{groups}' }
const identityHeaders = Object.entries(names).map(([name, value]) => ({
  name: `X-${name}`,
  value: parseTemplate(value),
}))

function request(passage: Passage, route: Partial<Route> = { identityHeaders }): Headers {
  const tool = aRoute(route)
  return { ...createUpstreamHeaders([tool], 'toolgate').forRequest([], tool, passage, arrival) }
}

t.test('claims become header values that no server reads in two ways', async (t) => {
  const names = [
    ['Ada Lovelace', 'Ada Lovelace'],
    ['Zoë 😀', 'Zo%C3%AB %F0%9F%98%80'],
    ['100% "sure", <b>', '100%25 "sure", <b>'],
    ['%41', '%2541'],
    ['~ !', '~ !'],
    ['a\r\nX-Evil: 1', undefined],
    ['tab\there', undefined],
    ['nul\0', undefined],
    ['del\x7f', undefined],
    ['\ud800', undefined],
    ['', undefined],
  ]

  for (const [name, expected] of names) t.equal(request(aPassage({ name }))['x-name'], expected, JSON.stringify(name))
})

t.test('entries of a list stay apart', async (t) => {
  const lists = [
    [['a', 'b'], 'a,b'],
    [['a,b', 'c'], 'a%2Cb,c'],
    [['ä', 'b%2Cc'], '%C3%A4,b%252Cc'],
    [['a', 'b\n', 'c'], 'a,c'],
    [['\n'], undefined],
    [[], undefined],
  ] as const

  for (const [groups, expected] of lists)
    t.equal(request(aPassage({ groups }))['x-groups'], expected, JSON.stringify(groups))
})

t.test('what would make more than 8 KB in all is left out', async (t) => {
  const many = Array.from({ length: 900 }, (_, index) => `group-${index}`)

  const headers = request(aPassage({ groups: many, name: 'Ada' }))
  const fitting = request(aPassage({ groups: ['x'.repeat(8100)], name: 'Ada' }))

  t.equal(headers['x-groups'], undefined)
  t.match(headers, { 'x-user': 'cognito:ada', 'x-name': 'Ada' })
  t.equal(fitting['x-groups']?.length, 8100)
})

t.test('a header with a value that is not known is left out whole', async (t) => {
  const template = [{ name: 'X-Who', value: parseTemplate('{name} <{email}>') }]

  t.equal(request(aPassage({ name: 'Ada' }), { identityHeaders: template })['x-who'], undefined)
  t.equal(
    request(aPassage({ name: 'Ada', email: 'ada@acme.test' }), { identityHeaders: template })['x-who'],
    'Ada <ada@acme.test>',
  )
})

t.test('an IPv6 client address is written as RFC 7239 wants it', async (t) => {
  const tool = aRoute()
  const headers = createUpstreamHeaders([tool], 'toolgate').forRequest([], tool, undefined, {
    ...arrival,
    clientAddress: '::1',
  })

  t.match(headers, { forwarded: 'for="[::1]";host="tools.test";proto=https', 'x-forwarded-for': '::1' })
})

/** What is left of an upstream's headers. */
function response(headers: Headers, route: Partial<Route> = {}, credential: Credential = 'stored'): Headers {
  const tool = aRoute(route)
  return { ...createUpstreamHeaders([tool], 'toolgate').forResponse(headers, tool, credential, undefined) }
}

t.test('a challenge reaches whoever holds the token that it is about', async (t) => {
  const challenge = { 'www-authenticate': 'Bearer realm="inner"' }

  t.equal(response(challenge, {}, 'stored')['www-authenticate'], undefined)
  t.match(response(challenge, {}, 'presented'), challenge)
  t.match(response(challenge, {}, 'none'), challenge)
  t.match(response(challenge, { inject: undefined }, 'stored'), challenge)
})

t.test('an answer made for one user is stored for nobody else', async (t) => {
  const controls = [
    [undefined, 'private'],
    ['public, max-age=60', 'private, max-age=60'],
    ['s-maxage=60, must-revalidate', 'private, must-revalidate'],
    ['Public', 'private'],
    ['private, max-age=60', 'private, max-age=60'],
    ['no-store', 'no-store'],
    ['private="set-cookie"', 'private, private="set-cookie"'],
    ['max-age=60, immutable', 'private, max-age=60, immutable'],
  ]
  const varies = [
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

t.test('caches are told so on optional routes, and left alone on public ones', async (t) => {
  const shared = { 'cache-control': 'public, max-age=60' }

  t.equal(response(shared, { access: 'optional' }, 'none')['cache-control'], 'private, max-age=60')
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
  const kept = ['a=1; Path=/', 'toolgatex=2', 'x=toolgate=3', '__Host-b=4', 'toolgate-a=5', 'Toolgate=6', '=7']
  const dropped = [
    ...['toolgate=evil; Path=/', ' toolgate =evil', 'toolgate', 'toolgate.a.xyz=evil', 'toolgate.u=evil; HttpOnly'],
    ...['=toolgate=evil', ' = toolgate=evil', 'toolgate;x'],
  ]

  t.same(response({ 'set-cookie': [...kept, ...dropped] })['set-cookie'], kept)
  t.notOk('set-cookie' in response({ 'set-cookie': dropped }))
})

t.test('who the user is and what is injected is worked out anew for new claims and new tokens', async (t) => {
  const tool = aRoute({
    identityHeaders,
    inject: { name: 'Authorization', value: parseTemplate('Bearer {access_token}') },
  })
  const { forRequest } = createUpstreamHeaders([tool], 'toolgate')
  const sent = (passage: Carried) => forRequest([], tool, passage, arrival)
  const ada = aPassage({ name: 'Ada' })
  const renamed = aPassage({ name: 'Ada Lovelace' })
  const renewed = { ...ada, tokens: { ...ada.tokens, set: { ...ada.tokens.set, accessToken: 'renewed' } } }

  const first = { ...sent(ada) }
  const answers = [sent(renewed), sent(renamed), sent(ada)]

  t.match(answers, [
    { authorization: 'Bearer renewed', 'x-name': 'Ada' },
    { 'x-name': 'Ada Lovelace' },
    { authorization: first.authorization, 'x-name': 'Ada' },
  ])
  t.not(first.authorization, 'Bearer renewed')
})

t.test('a header of ours is stripped on each route, however often its name was seen on another', async (t) => {
  const injecting = aRoute({ inject: { name: 'Authorization', value: parseTemplate('Bearer {access_token}') } })
  const passing = aRoute({ inject: undefined })
  const { forRequest } = createUpstreamHeaders([injecting, passing], 'toolgate')
  const raw = ['Authorization', 'theirs', 'X_Forwarded_User', 'root', 'X-Own', '1', 'Connection', 'X-Own']

  for (let i = 0; i < 2; i++) {
    t.equal(forRequest(raw, injecting, undefined, arrival).authorization, undefined)
    const passed = forRequest(raw, passing, undefined, arrival)
    t.equal(passed.authorization, 'theirs')
    t.notOk('x_forwarded_user' in passed)
    t.notOk('x-own' in passed)
    t.equal(forRequest(raw.slice(0, -2), passing, undefined, arrival)['x-own'], '1')
  }
})
