import t from 'tap'
import type { Passage } from '../../src/core/guard.ts'
import type { Route } from '../../src/core/route.ts'
import { parseTemplate } from '../../src/core/template.ts'
import { type Carried, createUpstreamHeaders } from '../../src/core/upstream-headers.ts'
import { fromPairs } from '../support/header-pairs.ts'
import { aPassage } from '../support/passage.ts'
import { aRoute } from '../support/route.ts'

const arrival = { clientAddress: '127.0.0.1', host: 'tools.test', scheme: 'https' } as const
const names = { user: '{user}', email: '{email}', name: '{name}', groups: '{groups}' }
const identityHeaders = Object.entries(names).map(([name, value]) => ({
  name: `X-${name}`,
  value: parseTemplate(value),
}))

function request(passage: Passage, route: Partial<Route> = { identityHeaders }) {
  const tool = aRoute(route)
  return fromPairs(createUpstreamHeaders([tool], 'toolgate').forRequest([], tool, passage, arrival))
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

  t.match(fromPairs(headers), { forwarded: 'for="[::1]";host="tools.test";proto=https', 'x-forwarded-for': '::1' })
})

t.test('who the user is and what is injected is worked out anew for new claims and new tokens', async (t) => {
  const tool = aRoute({
    identityHeaders,
    inject: { name: 'Authorization', value: parseTemplate('Bearer {access_token}') },
  })
  const { forRequest } = createUpstreamHeaders([tool], 'toolgate')
  const sent = (passage: Carried) => fromPairs(forRequest([], tool, passage, arrival))
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
  const sent = (raw: string[], route: Route) => fromPairs(forRequest(raw, route, undefined, arrival))
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

  const headers = fromPairs(createUpstreamHeaders([tool], 'toolgate').forRequest(raw, tool, undefined, arrival))

  t.same(Object.keys(headers).sort(), [
    ...['content-type', 'forwarded', 'host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
  ])
})
