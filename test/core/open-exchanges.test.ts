import t from 'tap'
import { GatewayError } from '../../src/core/errors.ts'
import type { Guard } from '../../src/core/guard.ts'
import { createOpenExchanges, type Ending } from '../../src/core/open-exchanges.ts'
import { aPassage } from '../support/passage.ts'
import { aRoute } from '../support/route.ts'

const passage = aPassage()
const origin = 'https://tools.test'

function anExchange({ cookie = 'a.b', authorization = '', route = aRoute(), wasUsed = false } = {}) {
  const ended: Ending[] = []
  const headers = authorization === '' ? {} : { authorization }
  const request = { method: 'GET', headers, origin, cookie }
  return { ended, route, request, wasUsed: () => wasUsed, end: (because: Ending) => void ended.push(because) }
}

/** Open exchanges, and what the guard was asked about them. */
function exchanges(answer: (cookie: string | undefined) => ReturnType<Guard['admit']>) {
  const asked: unknown[] = []
  const confirmedWithin: unknown[] = []
  const open = createOpenExchanges({
    admit(route, { cookie }, options) {
      asked.push([route.name, cookie, options?.isUse])
      confirmedWithin.push(options?.confirmedWithinMs)
      return answer(cookie)
    },
  })
  return { ...open, asked, confirmedWithin }
}

t.test('what would not pass now is ended, what the provider would have to tell stays open', async (t) => {
  const cases = [
    [async () => passage, undefined],
    [async () => undefined, 'session_ended'],
    [() => Promise.reject(new GatewayError('session_ended')), 'session_ended'],
    [() => Promise.reject(new GatewayError('access_denied')), 'session_ended'],
    [() => Promise.reject(new GatewayError('connection_required')), 'session_ended'],
    [() => Promise.reject(new GatewayError('store_unavailable')), 'store_unavailable'],
    [() => Promise.reject(new GatewayError('provider_unavailable')), undefined],
    [() => Promise.reject(new Error('a fault of ours')), undefined],
  ] as const

  for (const [answer, ended] of cases) {
    const { add, recheck } = exchanges(answer)
    const exchange = anExchange()
    add(exchange)

    await recheck()

    t.same(exchange.ended, ended === undefined ? [] : [ended], answer.toString())
  }
})

t.test('the store is asked unless it was a second ago, so that an end nobody told of counts within 5 s', async (t) => {
  const { add, recheck, confirmedWithin } = exchanges(async () => passage)
  add(anExchange())

  await recheck()

  t.same(confirmedWithin, [1_000])
})

t.test('one session is asked about once a route, however much it has open', async (t) => {
  const { add, recheck, asked } = exchanges(async () => undefined)
  const alike = Array.from({ length: 100 }, () => anExchange())
  const others = [
    anExchange({ cookie: 'c.d' }),
    anExchange({ route: aRoute({ name: 'other' }) }),
    anExchange({ authorization: 'Bearer x' }),
  ]
  for (const exchange of [...alike, ...others]) add(exchange)

  await recheck()

  t.same(asked, [
    ['tool', 'a.b', false],
    ['tool', 'c.d', false],
    ['other', 'a.b', false],
    ['tool', 'a.b', false],
  ])
  t.ok([...alike, ...others].every(({ ended }) => ended.length === 1))
})

t.test('a session is used when one of its exchanges is', async (t) => {
  const { add, recheck, asked } = exchanges(async () => passage)
  for (const wasUsed of [false, true, false]) add(anExchange({ wasUsed }))

  await recheck()

  t.same(asked, [['tool', 'a.b', true]])
})

t.test('what has ended by itself meanwhile is left alone', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const open = exchanges(() => promise)
  const exchange = anExchange()
  const slot = open.add(exchange)

  const rechecked = open.recheck()
  open.delete(slot)
  resolve(undefined)
  await rechecked

  t.same(exchange.ended, [])
})

t.test('one that waits for its answer is not asked about again, and keeps no other waiting', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const { add, recheck, asked } = exchanges((cookie) => (cookie === 'a.b' ? promise : Promise.resolve(passage)))
  const waiting = anExchange()
  add(waiting)
  const first = recheck()

  add(anExchange({ cookie: 'c.d' }))
  await recheck()
  t.same(asked, [
    ['tool', 'a.b', false],
    ['tool', 'c.d', false],
  ])

  resolve(undefined)
  await first
  t.same(waiting.ended, ['session_ended'])
  await recheck()
  t.equal(asked.length, 4, 'afterwards it is')
})

t.test('it is asked again and again, until told to stop', async (t) => {
  const twice = Promise.withResolvers<void>()
  const { add, recheckEvery, asked } = exchanges(async () => {
    if (asked.length === 2) twice.resolve()
    return passage
  })
  add(anExchange())

  const stop = recheckEvery(1)
  // The interval does not keep a process alive.
  const alive = setInterval(() => undefined, 1000)
  await twice.promise
  stop()
  clearInterval(alive)

  t.equal(asked.length, 2)
})
