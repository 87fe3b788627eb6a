import t from 'tap'
import { createBudget } from '../../src/core/budget.ts'

/** A budget whose time passes only while somebody waits, or when it is told to. */
function aBudget(perSecond: number) {
  const clock = { at: 1_000_000 }
  const sleep = async (ms: number) => {
    clock.at += ms
  }
  return { clock, budget: createBudget({ perSecond, now: () => clock.at, sleep }) }
}

/** How many exchanges are let through before one is refused, and after how long that one may come again. */
function exchangesUntilRefused(
  { exchange }: { exchange: (address: string) => void },
  address: (nth: number) => string,
) {
  for (let count = 0; ; count++) {
    try {
      exchange(address(count))
    } catch (error) {
      return { count, error }
    }
  }
}

t.test('refreshes wait their turn: no more than the rate in any second, the first come first', async (t) => {
  const { clock, budget } = aBudget(5)
  const start = clock.at
  const order: number[] = []

  await Promise.all(
    Array.from({ length: 23 }, async (_, nth) => {
      await budget.refresh(60_000)
      order.push(nth)
    }),
  )

  t.same(order, [...order.keys()])
  t.equal(clock.at - start, 4000)
})

t.test('a refresh whose turn is too far away is told so', async (t) => {
  const clock = { at: 0 }
  const budget = createBudget({ perSecond: 10, now: () => clock.at, sleep: () => new Promise(() => undefined) })
  for (let nth = 0; nth < 41; nth++) void budget.refresh(3_000).catch(() => undefined)

  await t.rejects(budget.refresh(3_000), { code: 'provider_unavailable', retryAfterSeconds: 4 })
})

t.test('code exchanges get a quarter of the rate over ten seconds, whoever asks, and half of any second', async (t) => {
  const { clock, budget } = aBudget(1000)
  const hosts = (nth: number) => `10.0.${nth >> 8}.${nth & 255}`
  for (const second of [0, 1, 2, 3, 4]) {
    const { count, error } = exchangesUntilRefused(budget, (nth) => hosts(nth + second * 500))
    t.equal(count, 500, 'half of a second')
    t.match(error, { code: 'rate_limited', retryAfterSeconds: second === 4 ? 6 : 1 })
    clock.at += 1000
  }

  t.throws(() => budget.exchange('10.1.1.1'), { code: 'rate_limited', retryAfterSeconds: 5 })
  clock.at += 5000
  t.doesNotThrow(() => budget.exchange('10.1.1.1'))
})

t.test('a wave of sign-ins leaves room for refreshes in the same second', async (t) => {
  const { clock, budget } = aBudget(10)
  const start = clock.at
  exchangesUntilRefused(budget, (nth) => `10.0.0.${nth}`)

  await Promise.all(Array.from({ length: 5 }, () => budget.refresh(60_000)))

  t.equal(clock.at, start, 'none of them waited')
})

t.test('one client address gets half of that', async (t) => {
  const { clock, budget } = aBudget(100)
  for (const count of [50, 50, 25]) {
    t.equal(exchangesUntilRefused(budget, () => '10.0.0.1').count, count)
    clock.at += 1000
  }

  t.throws(() => budget.exchange('10.0.0.1'), { code: 'rate_limited', retryAfterSeconds: 7 })
  t.doesNotThrow(() => budget.exchange('10.0.0.2'))
})

t.test('an IPv6 network is one client, and a mapped IPv4 address is what it maps', async (t) => {
  const same = [
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['::1', '0:0:0:0:1::'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
  ]
  const different = [
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8::1', '2001:db8:1::1'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.2'],
  ]
  const limited = (pair: readonly string[]) => {
    // One exchange for an address in ten seconds, two for all.
    const { clock, budget } = aBudget(1)
    budget.exchange(pair[0] ?? '')
    clock.at += 1000
    return exchangesUntilRefused(budget, () => pair[1] ?? '').count === 0
  }

  for (const pair of same) t.ok(limited(pair), pair.join(' '))
  for (const pair of different) t.notOk(limited(pair), pair.join(' '))
})

t.test('refreshes come first: while one waits no code is exchanged', async (t) => {
  const clock = { at: 0 }
  const budget = createBudget({ perSecond: 1, now: () => clock.at, sleep: () => new Promise(() => undefined) })
  await budget.refresh(10_000)
  void budget.refresh(10_000)
  clock.at += 5_000

  t.throws(() => budget.exchange('10.0.0.1'), { code: 'rate_limited', retryAfterSeconds: 1 })
})
