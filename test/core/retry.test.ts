import t from 'tap'
import { nextRetry } from '../../src/core/retry.ts'

const now = 1_800_000_000_000

t.test('each load waits twice as long as the one before, up to a minute', async (t) => {
  const delays: number[] = []
  let remembered: string | undefined
  for (let load = 0; load < 12; load++) {
    const retry = nextRetry('toolgate.r', remembered, 5, now + load * 60_000)
    delays.push(retry.delaySeconds)
    remembered = retry.cookie.value
    t.equal(retry.since, load === 0 ? undefined : now)
    t.equal(retry.cookie.maxAgeSeconds, retry.delaySeconds + 60)
  }

  t.same(delays, [5, 10, 20, 40, 60, 60, 60, 60, 60, 60, 60, 60])
})

t.test('what was asked for is the least', async (t) => {
  t.equal(nextRetry('toolgate.r', undefined, 30, now).delaySeconds, 30)
  t.equal(nextRetry('toolgate.r', '3.1800000000', 30, now).delaySeconds, 40)
})

t.test('what is not ours is the first time', async (t) => {
  for (const value of ['', 'x', '-1.1800000000', '1e9.1800000000', '5.1800000001', '5.18', '99.1800000000', '3']) {
    t.match(nextRetry('toolgate.r', value, 5, now), { delaySeconds: 5, since: undefined }, value)
  }
})
