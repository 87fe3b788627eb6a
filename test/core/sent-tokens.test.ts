import t from 'tap'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { createSentTokens } from '../../src/core/sent-tokens.ts'
import { heldTokens } from '../support/passage.ts'
import { accessToken, answer, failing, hour, settle, signedIn } from '../support/refreshing.ts'

const second = 1_000

/** A replica that sent the token and died before it could say what came of it; its lock has lapsed. */
async function withDeadHolder(t: Parameters<typeof signedIn>[0]) {
  const gateway = await signedIn(t)
  const { clock, provider, held, replica } = gateway
  const dies = async () => {
    provider.refresh = () => new Promise(() => undefined)
    void replica().freshTokens(held)
    await settle()
    clock.at += 5 * second
    provider.refresh = async () => answer('second', 'r2')
  }
  await dies()
  return { ...gateway, dies }
}

t.test('when the holder of the lock died, the token is sent once more', async (t) => {
  const { held, sent, stored, gateway } = await withDeadHolder(t)

  t.equal(accessToken(await gateway()(held)), 'second')
  t.strictSame(sent, ['r1', 'r1'])
  t.equal((await stored())?.set.refreshToken, 'r2')
})

t.test('when that holder dies, too, it is sent no more: 503, and the session stays', async (t) => {
  const { held, sent, dies, stored, gateway } = await withDeadHolder(t)
  await dies()

  await t.rejects(gateway()(held), { code: 'provider_unavailable', retryAfterSeconds: 30 })

  t.strictSame(sent, ['r1', 'r1'])
  t.match(await stored(), { state: 'live' })
})

t.test('after 60 s it is not sent: its holder may only be cut off, and may still bring what it got', async (t) => {
  const { clock, held, sent, gateway } = await withDeadHolder(t)
  clock.at += 55 * second

  await t.rejects(gateway()(held), { code: 'provider_unavailable' })

  t.strictSame(sent, ['r1'])
})

t.test('after two minutes it is: nobody else will bring anything, and only the provider knows', async (t) => {
  const { clock, held, sent, gateway } = await withDeadHolder(t)
  clock.at += 115 * second

  t.equal(accessToken(await gateway()(held)), 'second')
  t.strictSame(sent, ['r1', 'r1'])
})

t.test(
  'a holder that is cut off from the store keeps the token to itself until it has saved what it got',
  async (t) => {
    const { clock, store, held, provider, sent, stored, gateway, wake } = await signedIn(t)
    provider.refresh = async () => {
      store.away = true
      return answer('second', 'r2')
    }
    const cutOff = gateway()
    await cutOff(held)
    clock.at += 90 * second
    store.away = false
    await t.rejects(gateway()(held), { code: 'provider_unavailable' }, 'another replica does not send it')

    await wake()

    t.strictSame(sent, ['r1'])
    t.equal((await stored())?.set.refreshToken, 'r2')
    t.equal(accessToken(await gateway()((await stored()) ?? held)), 'second')
  },
)

t.test('a sender that got no answer knows that nobody has one: the token is sent again, however late', async (t) => {
  const { clock, held, provider, sent, gateway } = await signedIn(t)
  provider.refresh = failing('unavailable')
  const freshTokens = gateway()
  for (let i = 0; i < 5; i++) {
    await t.rejects(freshTokens(held), { code: 'provider_unavailable' })
    clock.at += hour / 4
  }

  provider.refresh = async () => answer('second')

  t.equal(accessToken(await freshTokens(held)), 'second')
  t.equal(sent.length, 6)
})

t.test('who waited for a refresh that failed gets the same result, and does not ask again', async (t) => {
  const { held, provider, sent, gateway, wake } = await signedIn(t)
  const { promise, reject } = Promise.withResolvers<never>()
  provider.refresh = () => promise
  const asked = Promise.allSettled([gateway(), gateway(), gateway()].map((freshTokens) => freshTokens(held)))
  await settle()

  reject(await failing('unavailable')().catch((error: unknown) => error))
  await settle()
  for (let i = 0; i < 3; i++) await wake()

  t.match(await asked, Array(3).fill({ status: 'rejected', reason: { code: 'provider_unavailable' } }))
  t.strictSame(sent, ['r1'])
})

t.test('a holder that lost the lock before it sent the token does not send it', async (t) => {
  const { held, memory, sent, audited, gateway, wake } = await signedIn(t)
  const { acquire } = memory.locks
  t.intercept(memory.locks, 'acquire', {
    value: async (...args: Parameters<typeof acquire>) => {
      const lock = await acquire(...args)
      return lock && { ...lock, renew: async () => false }
    },
  })

  const refused = t.rejects(gateway()(held), { code: 'provider_unavailable' })
  await settle()
  await wake()

  await refused
  t.strictSame(sent, [])
  t.strictSame(audited, [], 'nor is it said that it was')
})

t.test(
  'the second sender is told that it is not the first, and may be followed once it has said what came of it',
  async (t) => {
    const beginSending = createSentTokens(createMemoryStore({ now: () => 0 }).locks)

    const first = await beginSending(heldTokens())
    const second = await beginSending(heldTokens())
    const third = await beginSending(heldTokens())
    await second?.settle()
    const fourth = await beginSending(heldTokens())

    t.strictSame([first?.isFirst, second?.isFirst, third?.isFirst, fourth?.isFirst], [true, false, undefined, false])
  },
)

t.test(
  'all replicas, also those of the next release, look at the same places: docs/storage.md has their names',
  async (t) => {
    const { locks } = createMemoryStore({ now: () => 0 })
    const acquire = t.capture(locks, 'acquire', locks.acquire)
    const beginSending = createSentTokens(locks)

    for (let i = 0; i < 2; i++) await beginSending(heldTokens())

    t.strictSame(
      [...new Set(acquire().map(({ args: [user, name, ttlMs] }) => `${user} ${name} ${ttlMs}`))],
      ['hash cognito.1.recent 60000', 'hash cognito.1.sent 120000', 'hash cognito.1.again 120000'],
    )
  },
)

t.test('what came of it can be said also where the shorter mark was not to be had', async (t) => {
  const { locks } = createMemoryStore({ now: () => 0 })
  await locks.acquire('hash', 'cognito.1.recent', 60_000)
  const sending = await createSentTokens(locks)(heldTokens())

  await sending?.settle()

  t.ok(await locks.acquire('hash', 'cognito.1.sent', 1))
})
