import t, { type Test } from 'tap'
import { GatewayError } from '../../src/core/errors.ts'
import type { HeldTokens } from '../../src/core/held-records.ts'
import { createTokenSaver } from '../../src/core/token-saver.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { accessToken, answer, hour, settle, signedIn, user } from '../support/refreshing.ts'

t.test('what a failover lost is written back over the older set, by whoever refreshed it', async (t) => {
  const { held, users, memory, provider, sent, stored, gateway } = await signedIn(t)
  provider.refresh = async () => answer('second', 'r2')
  const freshTokens = gateway()
  await freshTokens(held)
  const [before] = await memory.records.read(user, ['t:cognito'])
  await lose(users, held)

  t.equal(accessToken(await freshTokens((await stored()) ?? held)), 'second', 'it is used at once')

  t.not(before, undefined)
  t.strictSame(sent, ['r1'], 'the spent token is not sent again')
})

t.test('it is written back within a minute, also when nobody asks', async (t) => {
  const { held, users, provider, stored, gateway, wake } = await signedIn(t)
  provider.refresh = async () => answer('second', 'r2')
  await gateway()(held)
  await lose(users, held)

  await wake()

  t.match(await stored(), { state: 'live', set: { accessToken: 'second', refreshToken: 'r2' } })
})

t.test('what is absent stays absent: nothing that a store lost, or a person ended, comes back', async (t) => {
  for (const ends of [true, false]) {
    const { held, memory, provider, revoked, stored, clock, gateway, wake } = await signedIn(t)
    provider.refresh = async () => answer('second', 'r2')
    await gateway()(held)
    await memory.records.end(user, ['t:cognito'], { reason: 'signed out', orphans: [] })
    // Without its tombstone it is as if it had never been.
    if (!ends) clock.at += 2 * hour

    await wake()
    await settle()

    t.equal(await stored(), undefined)
    t.strictSame(revoked, [], 'whoever ended it has it revoked')
  }
})

t.test('a late save does not overwrite a newer set that came of the same refresh token', async (t) => {
  const { held, clock, provider, stored, gateway } = await signedIn(t)
  const late = Promise.withResolvers<ReturnType<typeof answer>>()
  provider.refresh = () => late.promise
  const asked = gateway()(held)
  await settle()
  clock.at += 5_000
  provider.refresh = async () => answer('newer')
  await gateway()(held)

  late.resolve(answer('late'))

  t.equal(accessToken(await asked), 'newer', 'who waited for the late one gets the newer one, too')
  t.equal(accessToken(await stored()), 'newer')
})

t.test('a late save wins over a refusal of the same refresh token', async (t) => {
  const { held, users, provider, stored, gateway } = await signedIn(t)
  provider.refresh = async () => {
    await users.writeTokens(user, 'cognito', held.set, { version: held.version }, { refusedBecause: 'invalid_grant' })
    return answer('second', 'r2')
  }

  t.equal(accessToken(await gateway()(held)), 'second')
  t.match(await stored(), { state: 'live', set: { refreshToken: 'r2' } })
})

t.test('a late save does not overwrite a sign-in that came meanwhile', async (t) => {
  const { held, users, provider, revoked, stored, gateway } = await signedIn(t)
  provider.refresh = async () => {
    const signIn = { ...held.set, accessToken: 'of a sign-in', refreshToken: 'new', expiresAt: held.set.endsAt }
    await users.writeTokens(user, 'cognito', signIn, { version: held.version })
    return answer('second', 'r2')
  }

  t.equal(accessToken(await gateway()(held)), 'of a sign-in')
  t.equal((await stored())?.set.refreshToken, 'new')
  t.strictSame(revoked, [], 'at most providers that would end the new sign-in, too')
})

t.test('a process that ends waits until what it got is saved', async (t) => {
  const { held, store, provider, stored, replica, wake } = await signedIn(t)
  provider.refresh = async () => {
    store.away = true
    return answer('second', 'r2')
  }
  const { freshTokens, settled } = replica()
  await freshTokens(held)
  let ended = false
  const ending = settled().then(() => {
    ended = true
  })
  await settle()
  t.notOk(ended)

  store.away = false
  await wake()

  await ending
  t.equal((await stored())?.set.refreshToken, 'r2')
})

t.test('a process that ends waits for a refresh in the background, too', async (t) => {
  const { held, provider, stored, replica } = await signedIn(t, { leftMs: 30_000 })
  const late = Promise.withResolvers<ReturnType<typeof answer>>()
  provider.refresh = () => late.promise
  const { freshTokens, settled } = replica()
  await freshTokens(held)
  await settle()
  let ended = false
  const ending = settled().then(() => {
    ended = true
  })
  await settle()
  t.notOk(ended)

  late.resolve(answer('second', 'r2'))
  await ending

  t.equal((await stored())?.set.refreshToken, 'r2')
})

/** A saver alone, over a store that can be away for some users, and the sets it had revoked. */
async function saving(t: Test, set: Partial<TokenSet> = {}) {
  const { held, users, memory, signUp, stored } = await signedIn(t, { set })
  const away = new Set<string>()
  const sleeps: { readonly ms: number; readonly wake: () => void }[] = []
  const revoked: TokenSet[] = []
  const calls = { reads: 0 }
  const unlessAway = async <T>(hash: string, act: () => Promise<T>): Promise<T> => {
    if (away.has(hash)) throw new GatewayError('store_unavailable')
    return act()
  }
  const saver = createTokenSaver({
    store: {
      ...users,
      readTokens: (hash, ...rest) => {
        calls.reads++
        return unlessAway(hash, () => users.readTokens(hash, ...rest))
      },
      writeTokens: (hash, ...rest) => unlessAway(hash, () => users.writeTokens(hash, ...rest)),
    },
    revoke: (_user, _provider, unused) => void revoked.push(unused),
    sleep: (ms) => new Promise((wake) => sleeps.push({ ms, wake })),
  })
  /** What a refresh of a set would bring. */
  const renewed = (of: HeldTokens = held, changes: Partial<TokenSet> = {}): TokenSet => ({
    ...of.set,
    accessToken: 'second',
    refreshToken: 'r2',
    obtainedAt: of.set.obtainedAt + hour,
    ...changes,
  })
  const wakeAll = async () => {
    for (const { wake } of sleeps.splice(0)) wake()
    await settle()
  }
  return { ...saver, held, users, memory, signUp, stored, away, sleeps, revoked, calls, renewed, wakeAll }
}

t.test('while the store is away a set is used from here, as the version that it will be', async (t) => {
  const { save, newest, held, renewed, away } = await saving(t)
  away.add(user)

  const saved = await save(held, renewed())

  t.match(saved, { isSaved: false, held: { version: held.version + 1, set: { accessToken: 'second' } } })
  t.equal(newest(held), saved.held)
})

t.test(
  'it is tried again after 1, 2 and 5 seconds, then every 5; once saved it is looked after once more',
  async (t) => {
    const { save, held, renewed, away, sleeps, wakeAll, stored } = await saving(t)
    away.add(user)
    const waited: number[] = []

    await save(held, renewed())
    for (let i = 0; i < 6; i++) {
      waited.push(...sleeps.map(({ ms }) => ms))
      if (i === 4) away.clear()
      await wakeAll()
    }

    t.strictSame(waited, [1_000, 2_000, 5_000, 5_000, 5_000, 60_000])
    t.equal(accessToken(await stored()), 'second')
    t.equal(sleeps.length, 0, 'a minute after it was saved it is not kept any longer')
  },
)

t.test('what was saved late is kept for its minute, too: the store may still forget it', async (t) => {
  const { save, flush, newest, held, renewed, away, users, stored } = await saving(t)
  away.add(user)
  await save(held, renewed())
  away.clear()
  await flush(held)
  await lose(users, held)

  const lost = await stored()

  t.equal(accessToken(lost), 'first')
  t.equal(accessToken(newest(lost ?? held)), 'second')
})

t.test('where something newer is stored, that is given, and nothing is kept', async (t) => {
  const { save, held, renewed, users, sleeps } = await saving(t)
  await users.writeTokens(user, 'cognito', renewed(held, { accessToken: 'newer' }), { version: held.version })

  const saved = await save(held, renewed())

  t.match(saved, { isSaved: true, held: { set: { accessToken: 'newer' } } })
  t.equal(sleeps.length, 0)
})

t.test('the minute of a set is not cut short by that of the one before', async (t) => {
  const { save, newest, held, renewed, sleeps, users, stored } = await saving(t)
  const { held: second } = await save(held, renewed())
  await save(second, renewed(second, { accessToken: 'third', refreshToken: 'r3' }))

  sleeps[0]?.wake()
  await settle()
  await lose(users, second)

  t.equal(accessToken(newest((await stored()) ?? held)), 'third')
})

t.test('a set that came while an older one was looked after is kept', async (t) => {
  const { save, flush, newest, held, renewed, memory, users, stored } = await saving(t)
  const { held: second } = await save(held, renewed())
  const { read } = memory.records
  const reading = Promise.withResolvers<void>()
  memory.records.read = async (...args) => {
    const found = await read(...args)
    await reading.promise
    return found
  }

  const flushed = flush(held)
  await save(second, renewed(second, { accessToken: 'third', refreshToken: 'r3' }))
  reading.resolve()
  await flushed
  await lose(users, second)

  t.equal(accessToken(newest((await stored()) ?? held)), 'third')
})

t.test('a set that the provider refuses after it was saved is left alone', async (t) => {
  const { save, held, renewed, users, wakeAll, revoked, stored } = await saving(t)
  const { held: second } = await save(held, renewed())
  await users.writeTokens(user, 'cognito', second.set, { version: second.version }, { refusedBecause: 'invalid_grant' })

  await wakeAll()

  t.match(await stored(), { state: 'refused' })
  t.strictSame(revoked, [])
})

t.test('a set that could not be saved before its user signed out is revoked, and that is the end of it', async (t) => {
  const { save, flush, held, renewed, away, memory, sleeps, wakeAll, revoked, stored } = await saving(t)
  away.add(user)
  await save(held, renewed())
  await memory.records.end(user, ['t:cognito'], { reason: 'signed out', orphans: [] })
  away.clear()

  await t.resolves(flush(held), 'who asks next hears of the end from the store')
  for (let i = 0; i < 2; i++) await wakeAll()

  t.match(revoked, [{ refreshToken: 'r2' }])
  t.equal(await stored(), undefined)
  t.equal(sleeps.length, 0)
})

t.test('only older tokens of the same origin give way to what is kept', async (t) => {
  const { save, newest, held, renewed } = await saving(t)
  await save(held, renewed())
  const { set } = held
  const stored = (changes: Partial<TokenSet>, whose: Partial<HeldTokens> = {}) => ({
    ...held,
    ...whose,
    set: { ...set, ...changes },
  })
  const gives = (changes: Partial<TokenSet>, whose?: Partial<HeldTokens>) =>
    accessToken(newest(stored(changes, whose))) === 'second'

  t.ok(gives({}))
  t.ok(gives({ accessToken: 'of another refresh' }))
  t.notOk(gives({ refreshToken: 'of a sign-in' }))
  t.notOk(gives({ obtainedAt: set.obtainedAt + hour }), 'it is no older')
  t.notOk(gives({ obtainedAt: set.obtainedAt + 2 * hour, claimsAt: 0 }))
  t.notOk(gives({}, { user: 'another' }))
  t.notOk(gives({}, { provider: 'another' }))
})

t.test('claims that were looked at anew are not lost either, of tokens without a refresh token', async (t) => {
  const { save, newest, held, renewed } = await saving(t, { refreshToken: undefined })
  const { set } = held
  const claimsAt = (set.claimsAt ?? 0) + hour
  await save(held, renewed(held, { ...set, claims: { groups: ['new'] }, claimsAt }))
  const gives = (changes: Partial<TokenSet>) =>
    newest({ ...held, set: { ...set, ...changes } }).set.claims.groups !== undefined

  t.ok(gives({}))
  t.ok(gives({ claimsAt: undefined }), 'they were never looked at')
  t.notOk(gives({ claimsAt }))
  t.notOk(gives({ accessToken: 'of a sign-in' }))
})

t.test('a process that ends touches nothing that is saved', async (t) => {
  const { save, flushAll, held, renewed, calls } = await saving(t)
  await save(held, renewed())
  const { reads } = calls

  await flushAll()

  t.equal(calls.reads, reads)
})

t.test('a process that ends tries for 25 seconds, for as many as it can', async (t) => {
  const { save, flushAll, held, signUp, renewed, away, sleeps, stored, users } = await saving(t)
  const grace = await signUp('g'.repeat(22))
  away.add(user).add(grace.user)
  for (const one of [held, grace]) await save(one, renewed(one))
  sleeps.splice(0)
  away.delete(grace.user)
  const waited: number[] = []

  const flushed = flushAll()
  for (let i = 0; i < 30; i++) {
    await settle()
    for (const { ms, wake } of sleeps.splice(0)) {
      waited.push(ms)
      wake()
    }
  }
  await flushed

  t.strictSame(waited, Array(25).fill(1_000))
  t.equal(accessToken(await users.readTokens(grace.user, 'cognito')), 'second')
  t.equal(accessToken(await stored()), 'first')
})

/** The store forgets what was written since this set was: a replica that knew no more has taken over. */
async function lose(users: Awaited<ReturnType<typeof signedIn>>['users'], { set }: HeldTokens) {
  const { version = 0 } = (await users.readTokens(user, 'cognito')) ?? {}
  const lost = await users.writeTokens(user, 'cognito', set, { version })
  if (lost === undefined) throw new Error('nothing was lost')
}
