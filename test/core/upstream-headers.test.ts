import t from 'tap'
import type { Passage } from '../../src/core/passage.ts'
import type { Route } from '../../src/core/route.ts'
import { parseTemplate } from '../../src/core/template.ts'
import { type Carried, createUpstreamHeaders } from '../../src/core/upstream-headers.ts'
import { fromLines } from '../support/header-pairs.ts'
import { aPassage } from '../support/passage.ts'
import { aRoute, mcpRules } from '../support/route.ts'

const arrival = { clientAddress: '127.0.0.1', host: 'tools.test', scheme: 'https' } as const
const names = { user: '{user}', email: '{email}', name: '{name}', groups: '{groups}' }
const identityHeaders = Object.entries(names).map(([name, value]) => ({
  name: `X-${name}`,
  value: parseTemplate(value),
}))

function request(passage: Passage, route: Partial<Route> = { identityHeaders }) {
  const tool = aRoute(route)
  return fromLines(createUpstreamHeaders([tool], 'toolgate').forRequest([], tool, passage, arrival))
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

t.test('8 KB are all headers together, to the byte', async (t) => {
  const sent = (groups: string, name: string) =>
    request(aPassage({ groups: [groups], name }), {
      identityHeaders: identityHeaders.filter((header) => header.name !== 'X-user'),
    })

  t.match(sent('g'.repeat(8_000), 'n'.repeat(192)), { 'x-name': 'n'.repeat(192), 'x-groups': 'g'.repeat(8_000) })
  t.match(sent('g'.repeat(8_000), 'n'.repeat(193)), { 'x-name': 'n'.repeat(193), 'x-groups': undefined })
})

t.test('what is not known, or could not stand in a header, is not told', async (t) => {
  const braces = ['user', 'sub', 'email', 'name', 'groups', 'preferred_username']
  const templates = braces.map((name) => ({ name: `X-${name}`, value: parseTemplate(`{${name}}`) }))
  const { user, ...ada } = aPassage()
  const evil = 'a\r\nb'
  const profile = { email: evil, name: evil, groups: [evil], preferredUsername: evil }

  const nothing = request(aPassage(), { identityHeaders: templates })
  const refused = request({ ...ada, user: { ...user, key: evil, sub: evil, profile } }, { identityHeaders: templates })

  t.strictSame(
    Object.keys(nothing).filter((name) => braces.includes(name.slice(2))),
    ['x-user', 'x-sub'],
  )
  t.strictSame(
    Object.keys(refused).filter((name) => braces.includes(name.slice(2))),
    [],
  )
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

  t.match(fromLines(headers), { forwarded: 'for="[::1]";host="tools.test";proto=https', 'x-forwarded-for': '::1' })
})

t.test('who the user is and what is injected is worked out anew for new claims and new tokens', async (t) => {
  const tool = aRoute({
    identityHeaders,
    inject: { name: 'Authorization', value: parseTemplate('Bearer {access_token}') },
  })
  const { forRequest } = createUpstreamHeaders([tool], 'toolgate')
  const sent = (passage: Carried) => fromLines(forRequest([], tool, passage, arrival))
  const ada = aPassage({ name: 'Ada' })
  const renamed = aPassage({ name: 'Ada Lovelace' })
  const renewed = { ...ada, tokens: { ...ada.tokens, set: { ...ada.tokens.set, accessToken: 'renewed' } } }

  const first = sent(ada)
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
  const sent = (raw: string[], route: Route) => fromLines(forRequest(raw, route, undefined, arrival))
  const raw = ['Authorization', 'theirs', 'X_Forwarded_User', 'root', 'X-Own', '1', 'Connection', 'X-Own']

  for (let i = 0; i < 2; i++) {
    t.equal(sent(raw, injecting).authorization, undefined)
    const passed = sent(raw, passing)
    t.equal(passed.authorization, 'theirs')
    t.notOk('x_forwarded_user' in passed)
    t.notOk('x-own' in passed)
    t.equal(sent(raw.slice(0, -2), passing)['x-own'], '1')
  }
})

t.test('how a body is framed is not for the client to say', async (t) => {
  const tool = aRoute()
  const raw = ['Content-Length', '5', 'Transfer-Encoding', 'chunked', 'Expect', '100-continue', 'Content-Type', 'a/b']

  const headers = fromLines(createUpstreamHeaders([tool], 'toolgate').forRequest(raw, tool, undefined, arrival))

  t.same(Object.keys(headers).sort(), [
    ...['content-type', 'forwarded', 'host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
  ])
})

t.test('our cookies stay here, and all others go on in one header', async (t) => {
  const tool = aRoute()
  const { forRequest, forFront } = createUpstreamHeaders([tool], 'toolgate')
  const cookies = [
    [['a=1; b=2'], 'a=1; b=2'],
    [['a=1', 'b=2'], 'a=1; b=2'],
    [['toolgate=x; a=1 ;;toolgate.a.b=x;b=2', 'toolgate.u=x'], 'a=1; b=2'],
    [['=toolgate=x; toolgatex=1; x=toolgate; Toolgate=2'], 'toolgatex=1; x=toolgate; Toolgate=2'],
    [['toolgate=x', 'toolgate=y'], undefined],
    [[], undefined],
  ] as const

  for (const [values, expected] of cookies) {
    const raw = values.flatMap((value) => ['Cookie', value])
    t.equal(fromLines(forRequest(raw, tool, undefined, arrival)).cookie, expected, values.join(' | '))
    t.equal(forFront(raw, tool, undefined).cookie, expected ?? '', values.join(' | '))
  }
})

t.test('what only we may say is stripped, in whatever spelling, and what is for one connection', async (t) => {
  const tool = aRoute({ identityHeaders, inject: { name: 'X-Api-Token', value: parseTemplate('{access_token}') } })
  const { forRequest } = createUpstreamHeaders([tool], 'toolgate')
  const always = ['Forwarded', 'X-Real-IP', 'X-Original-URL', 'x_rewrite_url', 'Proxy', 'X-Toolgate-Identity']
  const forwarded = ['X-Forwarded-User', 'x.forwarded.email', 'X-FORWARDED-Groups', 'X-Forwarded-Preferred_Username']
  const more = ['X-Forwarded-Prefix', 'X_Forwarded_X', 'X-Api_Token', 'x.name', 'Host', 'Connection', 'TE', 'Upgrade']

  for (const name of [...always, ...forwarded, ...more, 'Authorization']) {
    const sent = forRequest([name, 'evil', 'X-Own', '1'], tool, undefined, arrival)
    t.notOk(sent.includes('evil'), name)
    t.equal(fromLines(sent)['x-own'], '1')
  }
  t.equal(fromLines(forRequest(['Host', 'evil'], tool, undefined, arrival)).host, '127.0.0.1:3000')
})

t.test('what is named in Connection goes, but not what we say', async (t) => {
  const tool = aRoute({ identityHeaders, inject: { name: 'Authorization', value: parseTemplate('{access_token}') } })
  const { forRequest } = createUpstreamHeaders([tool], 'toolgate')
  const raw = ['Connection', 'X-Own, Authorization, x-name', 'Connection', 'x-forwarded-for, Host', 'x-own', '1']

  const sent = fromLines(forRequest(raw, tool, aPassage({ name: 'Ada' }), arrival))

  t.match(sent, { authorization: 'access', 'x-name': 'Ada', 'x-forwarded-for': '127.0.0.1', host: '127.0.0.1:3000' })
  t.notOk('x-own' in sent)
})

t.test('a request says where it came in', async (t) => {
  const tool = aRoute({ upstream: { origin: 'https://inner.test', prefix: undefined, tls: undefined } })

  t.same(fromLines(createUpstreamHeaders([tool], 'toolgate').forRequest([], tool, undefined, arrival)), {
    ...{ host: 'inner.test', forwarded: 'for=127.0.0.1;host="tools.test";proto=https' },
    ...{ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'tools.test', 'x-forwarded-proto': 'https' },
  })
})

t.test('where nothing is injected the Authorization of the client passes, but never a token of ours', async (t) => {
  const open = aRoute({ inject: undefined })
  const mcp = aRoute({ inject: undefined, mcp: mcpRules() })
  const { forRequest } = createUpstreamHeaders([open, mcp], 'toolgate')
  const sent = (route: Route) => fromLines(forRequest(['Authorization', 'theirs'], route, aPassage(), arrival))

  t.equal(sent(open).authorization, 'theirs')
  t.equal(sent(mcp).authorization, undefined)
  t.notOk('x-toolgate-identity' in sent(open), 'nor is an identity told that was not signed')
})

t.test('a front proxy is told the same names for every request, empty where there is nothing to say', async (t) => {
  const tool = aRoute({ identityHeaders, inject: { name: 'X-Api-Token', value: parseTemplate('{id_token}') } })
  const { forFront } = createUpstreamHeaders([tool], 'toolgate')
  const empty = {
    ...{ 'x-forwarded-user': '', 'x-forwarded-email': '', 'x-forwarded-groups': '' },
    ...{ 'x-forwarded-preferred-username': '', 'x-toolgate-identity': '', 'x-api-token': '', authorization: '' },
    ...{ 'x-user': '', 'x-email': '', 'x-name': '', 'x-groups': '', cookie: '' },
  }

  const nobody = forFront(['X-Name', 'evil'], tool, undefined)
  const ada = forFront([], tool, { ...aPassage({ name: 'Ada' }), signedIdentity: 'a.b.c' })

  t.same(nobody, empty)
  t.same(ada, {
    ...empty,
    'x-name': 'Ada',
    'x-user': 'cognito:ada',
    'x-api-token': 'id',
    'x-toolgate-identity': 'a.b.c',
  })
})

t.test('a front proxy leaves the Authorization of a client alone where nothing is injected', async (t) => {
  const open = aRoute({ inject: undefined })
  const bearing = aRoute({ inject: { name: 'Authorization', value: parseTemplate('Bearer {access_token}') } })
  const { forFront } = createUpstreamHeaders([open, bearing], 'toolgate')

  t.notOk('authorization' in forFront([], open, undefined))
  t.equal(forFront([], bearing, undefined).authorization, '')
  t.equal(forFront([], bearing, aPassage()).authorization, 'Bearer access')
})

t.test('an ID token that there is none of is empty, and every kind of claim can be told', async (t) => {
  const braces = ['user', 'sub', 'provider', 'email', 'preferred_username']
  const tool = aRoute({
    identityHeaders: braces.map((name) => ({ name: `X-${name}`, value: parseTemplate(`{${name}}`) })),
    inject: { name: 'X-Token', value: parseTemplate('<{id_token}>') },
  })
  const ada = aPassage({ email: 'ada@acme.test', preferredUsername: 'al' })
  const carried = { ...ada, tokens: { set: { accessToken: 'a', idToken: undefined } } }

  const sent = fromLines(createUpstreamHeaders([tool], 'toolgate').forRequest([], tool, carried, arrival))

  t.match(sent, {
    ...{ 'x-user': 'cognito:ada', 'x-sub': 'ada', 'x-provider': 'cognito', 'x-email': 'ada@acme.test' },
    ...{ 'x-preferred_username': 'al', 'x-token': '<>' },
  })
})
