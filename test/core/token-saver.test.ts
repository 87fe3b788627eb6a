import t from 'tap'
import { accessToken, answer, hour, settle, signedIn, user } from '../support/refreshing.ts'

t.test('what a failover lost is written back over the older set, by whoever refreshed it', async (t) => {
  const { held, users, memory, provider, sent, stored, gateway } = await signedIn(t)
  provider.refresh = async () => answer('second', 'r2')
  const freshTokens = gateway()
  await freshTokens(held)
  const [before] = await memory.records.read(user, ['t:cognito'])
  await lose(memory, users, held)

  t.equal(accessToken(await freshTokens((await stored()) ?? held)), 'second', 'it is used at once')

  t.not(before, undefined)
  t.strictSame(sent, ['r1'], 'the spent token is not sent again')
})

t.test('it is written back within a minute, also when nobody asks', async (t) => {
  const { held, users, memory, provider, stored, gateway, wake } = await signedIn(t)
  provider.refresh = async () => answer('second', 'r2')
  await gateway()(held)
  await lose(memory, users, held)

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

type Gateway = Awaited<ReturnType<typeof signedIn>>

/** The store forgets what was written since this set was: a replica that knew no more has taken over. */
async function lose(memory: Gateway['memory'], users: Gateway['users'], { set, version }: Gateway['held']) {
  const write = memory.records.write
  await write(user, 't:cognito', { state: 'live', mark: '', reason: '', body: Buffer.of(), ttlMs: 1 }, { version: 2 })
  await users.writeTokens(user, 'cognito', set, { version: version + 2 })
}
