import t from 'tap'
import type { ProviderTokens } from '../../src/core/provider.ts'
import { accessToken, answer, failing, hour, settle, signedIn } from '../support/refreshing.ts'

const start = Date.parse('2026-01-01')

const unverified = (token: string): ProviderTokens => ({
  ...answer(token),
  idToken: 'new id token',
  claimsUnverified: true,
})

t.test(
  'claims that cannot be verified yet stay as they were, and are verified later, without a token call',
  async (t) => {
    const { held, clock, provider, sent, stored, gateway } = await signedIn(t)
    const freshTokens = gateway()
    provider.refresh = async () => unverified('second')
    provider.recheck = failing('unavailable', { step: 'id_token' })
    const asked: unknown[] = []

    const renewed = await freshTokens(held)
    t.equal(accessToken(renewed), 'second')
    t.strictSame(renewed.set.claims, { sub: 'ada' })
    t.equal(accessToken(await freshTokens(renewed)), 'second', 'nobody waits for the keys')
    await settle()
    clock.at += 5_000
    provider.recheck = async (...args) => {
      asked.push(args)
      return { sub: 'ada', groups: ['new'] }
    }
    await freshTokens(renewed)
    await settle()

    t.strictSame((await stored())?.set.claims, { sub: 'ada', groups: ['new'] })
    t.match(asked, [[{ accessToken: 'second', idToken: 'new id token' }, { sub: 'ada' }]])
    t.strictSame(sent, ['r1'])
    await freshTokens((await stored()) ?? held)
    await settle()
    t.equal(asked.length, 1, 'once is enough')
  },
)

t.test('an ID token that proves to be wrong when it can be verified ends the set', async (t) => {
  const { held, provider, stored, gateway } = await signedIn(t)
  const freshTokens = gateway()
  provider.refresh = async () => unverified('second')
  provider.recheck = failing('wrong_user')

  await freshTokens(await freshTokens(held))
  await settle()

  t.match(await stored(), { state: 'refused', reason: 'wrong_user' })
})

t.test('a refresh that brings no claims at all is not asked about again', async (t) => {
  const { held, clock, provider, gateway } = await signedIn(t)
  provider.recheck = () => t.fail('there is nothing to verify') as never

  const renewed = await gateway()(held)

  t.equal(renewed.set.claimsAt, clock.at)
})

t.test('claims that are due are looked at before use; while nobody can be asked, a good token is served', async (t) => {
  const set = { obtainedAt: start - hour, claimsAt: start - hour }
  const { held, clock, provider, sent, gateway } = await signedIn(t, { leftMs: hour, set })
  const freshTokens = gateway()
  provider.refresh = failing('unavailable')

  t.equal(accessToken(await freshTokens(held)), 'first')
  t.equal(accessToken(await freshTokens(held)), 'first', 'and the provider rests')
  t.strictSame(sent, ['r1'])
  clock.at += 4_000
  provider.refresh = async () => answer('second')
  t.equal(accessToken(await freshTokens(held)), 'second')
})

t.test('without a refresh token nothing is asked for in the last minute of an access token', async (t) => {
  const { held, clock, provider, sent, gateway } = await signedIn(t, {
    leftMs: 30_000,
    set: { refreshToken: undefined, claimsAt: start },
  })
  provider.recheck = () => t.fail('the claims are not due') as never
  const freshTokens = gateway()
  clock.at += 29_000

  for (let i = 0; i < 3; i++) {
    t.equal(accessToken(await freshTokens(held)), 'first')
    await settle()
  }
  t.strictSame(sent, [])
})
