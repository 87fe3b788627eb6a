import { mock } from 'node:test'
import t from 'tap'
import { ProviderError } from '../../src/core/provider.ts'
import { accessToken, answer, failing, hour, settle, signedIn, user } from '../support/refreshing.ts'

const start = Date.parse('2026-01-01')
const second = 1_000

t.test('what is asked of the provider names the user, the nonce of the sign-in and the scopes', async (t) => {
  for (const [nonce, told] of [
    ['n', 'n'],
    [7, undefined],
  ]) {
    const { held, provider, gateway } = await signedIn(t, {
      set: { claims: { sub: 'ada', nonce }, scopes: ['a', 'b'] },
    })
    const asked: unknown[] = []
    provider.refresh = async (...args) => {
      asked.push(args)
      return answer('second')
    }

    await gateway()(held)

    t.strictSame(asked, [['r1', { sub: 'ada', nonce: told, scopes: ['a', 'b'] }]])
  }
})

t.test('the audit says whose tokens, of which provider, and what was wrong', async (t) => {
  const { held, clock, provider, audited, gateway } = await signedIn(t)
  const freshTokens = gateway()
  const whose = { user: 'cognito:ada', provider: 'cognito' }

  const renewed = await freshTokens(held)
  clock.at += hour
  provider.refresh = failing('invalid_grant', { error: 'invalid_grant' })
  const error = await freshTokens(renewed).catch((reason) => reason)

  t.strictSame(audited, [
    ['token_refreshed', whose],
    ['token_refresh_failed', { ...whose, reason: 'provider: invalid_grant invalid_grant' }],
    ['token_set_ended', { ...whose, reason: 'invalid_grant' }],
  ])
  t.ok(error.cause instanceof ProviderError)
})

t.test('a connection whose provider says nothing of users has the name of its record', async (t) => {
  const { held, audited, gateway } = await signedIn(t, { set: { claims: {}, claimsAt: undefined } })

  await gateway()(held)

  t.strictSame(audited, [['token_refreshed', { user, provider: 'cognito' }]])
})

t.test('a failure of the provider is the cause of the 503', async (t) => {
  const { held, provider, gateway } = await signedIn(t)
  provider.refresh = failing('unavailable', { status: 500 })

  await t.rejects(gateway()(held), { code: 'provider_unavailable', cause: { status: 500 } })
})

t.test('a set that ended, or was refused, or is of another client by now is not sent', async (t) => {
  for (const change of ['ended', 'refused', 'client'] as const) {
    const { held, users, memory, sent, gateway } = await signedIn(t)
    if (change === 'ended') await memory.records.end(user, ['t:cognito'], { reason: 'signed out', orphans: [] })
    const set = change === 'client' ? { ...held.set, client: 'another' } : held.set
    const refusal = change === 'refused' ? { refusedBecause: 'invalid_grant' } : {}
    await users.writeTokens(user, 'cognito', set, { version: held.version }, refusal)

    await t.rejects(gateway()(held), { code: 'session_ended' }, change)

    t.strictSame(sent, [], change)
  }
})

t.test('a set that ended while its token was refused is ended, too', async (t) => {
  const { held, memory, provider, gateway } = await signedIn(t)
  provider.refresh = async () => {
    await memory.records.end(user, ['t:cognito'], { reason: 'signed out', orphans: [] })
    return failing('invalid_grant')()
  }

  await t.rejects(gateway()(held), { code: 'session_ended' })
})

for (const waits of [false, true]) {
  t.test(`a newer set that is over as well is refreshed${waits ? ' by who waited for it' : ''}`, async (t) => {
    const { held, users, memory, sent, gateway, wake } = await signedIn(t)
    const elsewhere = waits ? await memory.locks.acquire(user, 'cognito', hour) : undefined
    const asked = waits ? gateway()(held) : undefined
    await settle()
    await users.writeTokens(user, 'cognito', { ...held.set, refreshToken: 'r2' }, { version: held.version })
    await elsewhere?.release()

    const refreshed = asked ?? gateway()(held)
    await wake()

    t.equal(accessToken(await refreshed), 'second')
    t.strictSame(sent, ['r2'])
  })
}

t.test('who waits does so until three times the timeout, and not less', async (t) => {
  const { held, clock, users, memory, gateway, wake } = await signedIn(t)
  await memory.locks.acquire(user, 'cognito', hour)
  const asked = gateway()(held)
  await settle()

  clock.at += 30 * second - 1
  await wake()
  const { at } = clock
  const newer = { ...held.set, accessToken: 'of the holder', obtainedAt: at, claimsAt: at, expiresAt: at + hour }
  await users.writeTokens(user, 'cognito', newer, { version: held.version })
  await wake()

  t.equal(accessToken(await asked), 'of the holder')
})

t.test('its turn in the budget is waited for as long as leaves time for the call', async (t) => {
  const { held, replica } = await signedIn(t)
  const waits: unknown[] = []
  const budget = { refresh: async (waitMs: number) => void waits.push(waitMs), exchange: async () => undefined }

  await replica(new Map([['cognito', budget]])).freshTokens(held)

  t.strictSame(waits, [20 * second])
})

t.test(
  'the lock is renewed while the provider takes its time, for three times its timeout, and no longer',
  async (t) => {
    mock.timers.enable({ apis: ['setInterval'] })
    t.teardown(() => mock.timers.reset())
    const { held, clock, memory, provider, gateway } = await signedIn(t)
    let renewals = 0
    const { acquire } = memory.locks
    t.intercept(memory.locks, 'acquire', {
      value: async (...args: Parameters<typeof acquire>) => {
        const lock = await acquire(...args)
        const renew = async () => {
          renewals++
          throw new Error('the store is away for a moment')
        }
        return lock && { ...lock, renew: () => (provider.refresh === late ? renew() : lock.renew()) }
      },
    })
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof answer>>()
    const late = () => promise
    provider.refresh = async () => {
      provider.refresh = late
      return late()
    }
    const pass = async (ms: number) => {
      clock.at += ms
      mock.timers.tick(ms)
      await settle()
    }

    const asked = gateway()(held)
    await settle()
    for (let i = 0; i < 3; i++) await pass(2 * second)
    t.equal(renewals, 3)
    clock.at = start + 30 * second
    for (let i = 0; i < 3; i++) await pass(2 * second)
    t.equal(renewals, 3)
    resolve(answer('second'))
    await asked
    clock.at = start
    await pass(2 * second)

    t.equal(renewals, 3)
  },
)

t.test('once new tokens are saved, nothing remembers that the old one was sent', async (t) => {
  const { held, memory, gateway } = await signedIn(t)

  await gateway()(held)
  await settle()

  for (const mark of ['recent', 'sent']) t.ok(await memory.locks.acquire(user, `cognito.1.${mark}`, 1), mark)
})

t.test('without a refresh token claims that are due are looked at with the access token', async (t) => {
  const set = {
    refreshToken: undefined,
    idToken: 'old',
    obtainedAt: start - hour,
    claimsAt: start - hour,
    claims: { sub: 'ada', nonce: 'n' },
  }
  const { held, clock, provider, sent, stored, gateway } = await signedIn(t, { leftMs: 10 * second, set })
  const asked: unknown[] = []
  provider.recheck = async (...args) => {
    asked.push(args)
    return { sub: 'ada', groups: ['new'] }
  }

  const { set: checked } = await gateway()(held)

  t.strictSame(asked, [
    [
      { accessToken: 'first', idToken: undefined },
      { sub: 'ada', nonce: 'n' },
    ],
  ])
  t.match(checked, { accessToken: 'first', claims: { groups: ['new'] }, claimsAt: clock.at })
  t.strictSame((await stored())?.set.claims, { sub: 'ada', groups: ['new'] })
  t.strictSame(sent, [])
})

t.test('claims that nobody can tell anew end a set without a refresh token', async (t) => {
  const noUser = { refreshToken: undefined, obtainedAt: start - hour, claimsAt: start - hour, claims: {} }
  const nameless = await signedIn(t, { leftMs: 10 * second, set: noUser })
  const over = await signedIn(t, { leftMs: 10 * second, set: { ...noUser, claims: { sub: 'ada' } } })
  over.provider.recheck = failing('invalid_grant')

  await t.rejects(nameless.gateway()(nameless.held), { code: 'session_ended' })
  await t.rejects(over.gateway()(over.held), { code: 'session_ended' })

  t.match(await over.stored(), { state: 'refused', reason: 'invalid_grant' })
})

t.test('with a refresh token claims are looked at also where they never named anybody', async (t) => {
  const set = { claims: {}, obtainedAt: start - second, claimsAt: start - 2 * second }
  const { held, provider, stored, gateway } = await signedIn(t, { leftMs: hour, set })
  provider.recheck = async () => ({ sub: 'ada' })

  await gateway()(held)
  await settle()

  t.strictSame((await stored())?.set.claims, { sub: 'ada' })
})

t.test('an access token that user info refuses is replaced, with the refresh token', async (t) => {
  const set = { obtainedAt: start - second, claimsAt: start - 2 * second }
  const { held, provider, sent, stored, gateway } = await signedIn(t, { leftMs: hour, set })
  provider.recheck = failing('invalid_grant')

  t.equal(accessToken(await gateway()(held)), 'first', 'nobody waits for it')
  await settle()

  t.strictSame(sent, ['r1'])
  t.equal(accessToken(await stored()), 'second')
})

t.test('tokens that an upstream refuses are replaced, however well the claims could be looked at', async (t) => {
  const set = { obtainedAt: start - second, claimsAt: start - 2 * second }
  const { held, sent, gateway } = await signedIn(t, { leftMs: hour, set })

  t.equal(accessToken(await gateway()(held, { force: true })), 'second')
  t.strictSame(sent, ['r1'])
})

t.test('tokens in their last minute are refreshed, which brings the claims, too', async (t) => {
  const set = { obtainedAt: start - hour, claimsAt: start - 2 * hour }
  const { held, provider, sent, gateway } = await signedIn(t, { leftMs: 30 * second, set })
  provider.recheck = () => t.fail('there is no need of it') as never

  await gateway()(held)
  await settle()

  t.strictSame(sent, ['r1'])
})

t.test('claims that could be looked at do not say that the token endpoint answers', async (t) => {
  const { held, clock, provider, events, signUp, gateway } = await signedIn(t)
  const grace = await signUp('g'.repeat(22))
  const due = { refreshToken: undefined, obtainedAt: start - hour, claimsAt: start - hour, expiresAt: start + hour }
  const joan = await signUp('j'.repeat(22), due)
  const freshTokens = gateway()
  provider.refresh = failing('unavailable')
  for (const one of [held, grace]) await t.rejects(freshTokens(one))
  clock.at += 5 * second

  await freshTokens(joan)

  t.notOk(events.includes('answers'))
})
