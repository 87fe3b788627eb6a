import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { ProviderErrorOptions, ProviderFailure } from '../../src/core/provider.ts'
import { accessToken, answer, failing, hour, settle, signedIn, user } from '../support/refreshing.ts'

t.test('a fresh set is used as it is', async (t) => {
  const { held, sent, gateway } = await signedIn(t, { leftMs: 61_000 })

  t.equal(accessToken(await gateway()(held)), 'first')
  t.strictSame(sent, [])
})

t.test('a set that is over is refreshed once, however many ask, and saved before it is used', async (t) => {
  const { held, sent, stored, gateway } = await signedIn(t)
  const freshTokens = gateway()

  const all = await Promise.all(Array.from({ length: 40 }, () => freshTokens(held)))

  t.strictSame([...new Set(all.map(accessToken))], ['second'])
  t.strictSame(sent, ['r1'])
  t.equal(accessToken(await stored()), 'second')
})

t.test('two gateways on one store make one call, and the one that waits gets the same tokens', async (t) => {
  const { held, sent, provider, gateway, wake } = await signedIn(t)
  const { promise, resolve } = Promise.withResolvers<ReturnType<typeof answer>>()
  provider.refresh = () => promise
  const asked = [gateway(), gateway()].map((freshTokens) => freshTokens(held))
  await settle()

  resolve(answer('second'))
  await settle()
  await wake()

  t.strictSame((await Promise.all(asked)).map(accessToken), ['second', 'second'])
  t.strictSame(sent, ['r1'])
})

t.test('an ageing set is used as it is and refreshed in the background, once', async (t) => {
  const { held, sent, stored, gateway } = await signedIn(t, { leftMs: 59_000 })
  const freshTokens = gateway()

  const all = await Promise.all([freshTokens(held), freshTokens(held)])
  await settle()

  t.strictSame(all.map(accessToken), ['first', 'first'])
  t.strictSame(sent, ['r1'])
  t.equal(accessToken(await stored()), 'second')
})

t.test('an answer without a refresh token keeps the old one, one with it brings the new one', async (t) => {
  const { held, clock, provider, stored, gateway } = await signedIn(t)
  const freshTokens = gateway()

  const kept = await freshTokens(held)
  clock.at += hour
  provider.refresh = async () => answer('third', 'r2')
  const rotated = await freshTokens(kept)

  t.equal(kept.set.refreshToken, 'r1')
  t.equal(rotated.set.refreshToken, 'r2')
  t.equal((await stored())?.set.refreshToken, 'r2')
})

for (const failure of ['invalid_grant', 'wrong_user'] as const) {
  t.test(`${failure} ends the set, which is kept with its reason`, async (t) => {
    const { held, provider, events, memory, gateway } = await signedIn(t)
    provider.refresh = failing(failure)

    await t.rejects(gateway()(held), { code: 'session_ended' })

    const [record] = await memory.records.read(user, ['t:cognito'])
    t.match(record, { state: 'refused', reason: failure })
    t.strictSame(events, ['token_refresh_failed', 'token_set_ended'])
  })
}

t.test('after invalid_grant a newer set in the store is used, and nothing is ended', async (t) => {
  const { held, users, provider, events, stored, gateway } = await signedIn(t)
  provider.refresh = async () => {
    const newer = { ...held.set, accessToken: 'of another replica', refreshToken: 'r2', expiresAt: held.set.endsAt }
    await users.writeTokens(user, 'cognito', newer, { version: held.version })
    return failing('invalid_grant')()
  }

  t.equal(accessToken(await gateway()(held)), 'of another replica')
  t.equal((await stored())?.state, 'live')
  t.notOk(events.includes('token_set_ended'))
})

const troubles: readonly [string, ProviderFailure, ProviderErrorOptions][] = [
  ['invalid_client', 'refused', { status: 400, error: 'invalid_client' }],
  ['unauthorized_client', 'refused', { status: 400, error: 'unauthorized_client' }],
  ['429', 'unavailable', { status: 429 }],
  ['500', 'unavailable', { status: 500 }],
  ['a timeout', 'unavailable', {}],
]
for (const [name, failure, options] of troubles) {
  t.test(`${name} ends nothing: 503 while the provider rests, then all is well`, async (t) => {
    const { held, clock, provider, sent, stored, gateway } = await signedIn(t)
    provider.refresh = failing(failure, options)
    const freshTokens = gateway()

    await t.rejects(freshTokens(held), { code: 'provider_unavailable', status: 503, retryAfterSeconds: 1 })
    await t.rejects(freshTokens(held), { code: 'provider_unavailable' }, 'refused without a call')
    t.equal(sent.length, 1)
    t.match(await stored(), { state: 'live', set: { accessToken: 'first' } })

    clock.at += 1000
    provider.refresh = async () => answer('second')
    t.equal(accessToken(await freshTokens(held)), 'second')
  })
}

for (const [asked, restSeconds] of [
  [7, 7],
  [86_400, 60],
] as const) {
  t.test(`Retry-After of ${asked} seconds is honoured for ${restSeconds}`, async (t) => {
    const { held, clock, provider, sent, gateway } = await signedIn(t)
    provider.refresh = failing('unavailable', { status: 429, retryAfterSeconds: asked })
    const freshTokens = gateway()

    await t.rejects(freshTokens(held), { code: 'provider_unavailable', retryAfterSeconds: restSeconds })
    clock.at += restSeconds * 1000 - 1
    await t.rejects(freshTokens(held), { code: 'provider_unavailable', retryAfterSeconds: 1 })
    t.equal(sent.length, 1)
    clock.at += 1
    await t.rejects(freshTokens(held))
    t.equal(sent.length, 2)
  })
}

t.test('while the provider is away an access token that is still good is served, and the provider rests', async (t) => {
  const { held, provider, sent, gateway } = await signedIn(t, { leftMs: 30_000 })
  provider.refresh = failing('unavailable')
  const freshTokens = gateway()

  for (let i = 0; i < 5; i++) {
    t.equal(accessToken(await freshTokens(held)), 'first')
    await settle()
  }
  t.equal(sent.length, 1)
})

t.test('what was received for a set that a person ended meanwhile is revoked', async (t) => {
  const { held, memory, provider, revoked, gateway } = await signedIn(t)
  provider.refresh = async () => {
    await memory.records.end(user, ['t:cognito'], { reason: 'signed out', orphans: [] })
    return answer('second', 'r2')
  }

  await t.rejects(gateway()(held), { code: 'session_ended' })
  while (revoked.length < 2) await setImmediate()
  t.strictSame(revoked.toSorted(), ['r1', 'r2'], 'as well as the one that was ended')
  const [record] = await memory.records.read(user, ['t:cognito'])
  t.match(record, { state: 'ended', reason: 'signed out' })
})

t.test('while the store cannot save, the new set serves from memory, and is saved later', async (t) => {
  const { held, store, provider, sent, stored, gateway, wake } = await signedIn(t)
  provider.refresh = async () => {
    store.away = true
    return answer('second', 'r2')
  }
  const freshTokens = gateway()

  t.equal(accessToken(await freshTokens(held)), 'second')
  t.equal(accessToken(await freshTokens(held)), 'second', 'also for who still reads the old one')
  await wake()
  store.away = false
  await wake()

  t.equal((await stored())?.set.refreshToken, 'r2')
  t.strictSame(sent, ['r1'])
})

t.test('a set that could not be saved is saved before the next refresh: no outdated token is sent', async (t) => {
  const { held, store, clock, provider, sent, stored, gateway } = await signedIn(t)
  provider.refresh = async () => {
    store.away = true
    return answer('second', 'r2')
  }
  const freshTokens = gateway()
  await freshTokens(held)

  clock.at += hour
  await t.rejects(freshTokens(held), { code: 'store_unavailable' })
  store.away = false
  provider.refresh = async () => answer('third', 'r3')
  t.equal(accessToken(await freshTokens(held)), 'third')

  t.strictSame(sent, ['r1', 'r2'])
  t.equal((await stored())?.set.refreshToken, 'r3')
})

t.test('a set that could not be saved survives another replica that was refused the outdated token', async (t) => {
  const { held, store, provider, stored, gateway, wake } = await signedIn(t)
  provider.refresh = async () => {
    store.away = true
    return answer('second', 'r2')
  }
  const freshTokens = gateway()
  await freshTokens(held)
  store.away = false
  provider.refresh = failing('invalid_grant')
  await t.rejects(gateway()(held), { code: 'session_ended' })

  const refused = await stored()
  t.equal(refused?.state, 'refused')
  t.equal(accessToken(await freshTokens(refused ?? held)), 'second')
  await wake()
  t.match(await stored(), { state: 'live', set: { refreshToken: 'r2' } })
})

t.test('a set that could not be saved is not written over a newer one', async (t) => {
  const { held, store, clock, provider, stored, gateway, wake } = await signedIn(t)
  provider.refresh = async () => {
    store.away = true
    return answer('second')
  }
  const freshTokens = gateway()
  await freshTokens(held)
  store.away = false
  clock.at += 5000
  provider.refresh = async () => answer('newer')
  await gateway()(held)

  await wake()

  t.equal(accessToken(await stored()), 'newer')
})

t.test('a set that could not be saved and that a person ended meanwhile is revoked', async (t) => {
  const { held, memory, store, provider, revoked, gateway, wake } = await signedIn(t)
  provider.refresh = async () => {
    store.away = true
    return answer('second', 'r2')
  }
  await gateway()(held)
  store.away = false
  await memory.records.end(user, ['t:cognito'], { reason: 'signed out', orphans: [] })

  await wake()

  while (revoked.length < 2) await setImmediate()
  t.strictSame(revoked.toSorted(), ['r1', 'r2'], 'as well as the one that was ended')
})

t.test('who waits for a refresh elsewhere that does not end gets 503 after three times the timeout', async (t) => {
  const { held, clock, memory, sent, gateway, wake } = await signedIn(t)
  const elsewhere = await memory.locks.acquire(user, 'cognito', hour)
  const refused = t.rejects(gateway()(held), { code: 'provider_unavailable' })
  await settle()

  clock.at += 30_000
  await wake()

  await refused
  t.strictSame(sent, [])
  await elsewhere?.release()
})

t.test('a lock is given back also when the store fails meanwhile', async (t) => {
  const { held, store, memory, gateway } = await signedIn(t)
  store.away = true

  await t.rejects(gateway()(held), { code: 'store_unavailable' })

  t.ok(await memory.locks.acquire(user, 'cognito', 1000))
})

t.test('a set of another issuer or client is sent nowhere', async (t) => {
  const { held, sent, gateway } = await signedIn(t, { set: { client: 'another client' } })

  await t.rejects(gateway()(held), { code: 'session_ended' })
  t.strictSame(sent, [])
})

t.test('without a refresh token a set is good until the access token ends', async (t) => {
  const { held, clock, sent, gateway } = await signedIn(t, { leftMs: 1000, set: { refreshToken: undefined } })

  t.equal(accessToken(await gateway()(held)), 'first')
  clock.at += 1000
  await t.rejects(gateway()(held), { code: 'session_ended' })
  t.strictSame(sent, [])
})
