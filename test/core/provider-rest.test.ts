import t from 'tap'
import { accessToken, answer, failing, settle, signedIn } from '../support/refreshing.ts'

const second = 1_000

/** Ada and grace, whose tokens are over, and a provider that fails ada alone. */
async function withTwo(t: Parameters<typeof signedIn>[0]) {
  const gateway = await signedIn(t)
  const { held: ada, signUp, provider } = gateway
  const grace = await signUp('g'.repeat(22), { refreshToken: 'of grace' })
  const ofGrace = () => answer('second of grace')
  provider.refresh = async (token) => (token === 'r1' ? failing('unavailable', { status: 500 })() : ofGrace())
  return { ...gateway, ada, grace, freshTokens: gateway.gateway() }
}

t.test('a failure that one user meets stops nobody else', async (t) => {
  const { ada, grace, events, freshTokens } = await withTwo(t)

  await t.rejects(freshTokens(ada), { code: 'provider_unavailable' })

  t.equal(accessToken(await freshTokens(grace)), 'second of grace')
  t.notOk(events.includes('away'))
})

t.test('a provider that fails two users rests, and is said to be away once', async (t) => {
  const { ada, grace, signUp, sent, provider, events, freshTokens } = await withTwo(t)
  const third = await signUp('x'.repeat(22))
  provider.refresh = failing('unavailable')

  for (const held of [ada, grace, third, third, ada]) {
    await t.rejects(freshTokens(held), { code: 'provider_unavailable' })
  }

  t.strictSame(sent, ['r1', 'of grace'])
  t.equal(events.filter((event) => event === 'away').length, 1)
})

for (const options of [{ status: 429 }, { error: 'invalid_client' }, { error: 'unauthorized_client' }]) {
  t.test(`${options.error ?? options.status} means all of us: nobody else asks meanwhile`, async (t) => {
    const { ada, grace, sent, provider, freshTokens } = await withTwo(t)
    provider.refresh = failing('refused', options)

    await t.rejects(freshTokens(ada), { code: 'provider_unavailable' })
    await t.rejects(freshTokens(grace), { code: 'provider_unavailable' })

    t.strictSame(sent, ['r1'])
  })
}

t.test('one call at a time tries whether a provider is back; then all are served', async (t) => {
  const { clock, ada, grace, sent, provider, events, freshTokens } = await withTwo(t)
  provider.refresh = failing('unavailable')
  for (const held of [ada, grace]) await t.rejects(freshTokens(held))
  clock.at += 5 * second
  const tried = Promise.withResolvers<ReturnType<typeof answer>>()
  provider.refresh = () => tried.promise

  const asked = [freshTokens(ada), freshTokens(grace)]
  await settle()
  t.equal(sent.length, 3, 'the other one waits')
  tried.resolve(answer('second'))

  t.strictSame((await Promise.all(asked)).map(accessToken), ['second', 'second'])
  t.strictSame(
    events.filter((event) => event === 'away' || event === 'answers'),
    ['away', 'answers'],
  )
})

t.test('who waited for a try that failed is told to wait, and does not try as well', async (t) => {
  const { clock, ada, grace, sent, provider, freshTokens } = await withTwo(t)
  provider.refresh = failing('unavailable')
  for (const held of [ada, grace]) await t.rejects(freshTokens(held))
  clock.at += 5 * second

  const asked = await Promise.allSettled([freshTokens(ada), freshTokens(grace)])

  t.match(asked, Array(2).fill({ status: 'rejected', reason: { code: 'provider_unavailable' } }))
  t.equal(sent.length, 3)
})

t.test('after ten minutes away it is asked again within five seconds of its return', async (t) => {
  const { clock, ada, sent, provider, freshTokens } = await withTwo(t)
  provider.refresh = failing('unavailable')
  const end = clock.at + 600 * second
  for (; clock.at < end; clock.at += second) await t.rejects(freshTokens(ada), { code: 'provider_unavailable' })
  t.ok(sent.length < 300, `${sent.length} calls`)
  provider.refresh = async () => answer('second')

  clock.at += 4 * second

  t.equal(accessToken(await freshTokens(ada)), 'second')
})

t.test('a user whom the provider fails for long is one line in the audit, not one per request', async (t) => {
  const { clock, ada, provider, events, freshTokens } = await withTwo(t)
  for (let i = 0; i < 5; i++) {
    await t.rejects(freshTokens(ada))
    clock.at += 5 * second
  }
  provider.refresh = async () => answer('second')
  await freshTokens(ada)

  t.strictSame(events, ['token_refresh_failed', 'token_refreshed'])
})
