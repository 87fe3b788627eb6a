import t from 'tap'
import { ProviderError } from '../../src/core/provider.ts'
import { createProviderRest } from '../../src/core/provider-rest.ts'
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

/** The rules alone, for users of one provider who are told by their names. */
function resting() {
  const clock = { at: Date.parse('2026-01-01') }
  const told: unknown[] = []
  const rest = createProviderRest(
    () => clock.at,
    (...args) => told.push(args),
  )
  const who = (user: string) => ({ user, provider: 'cognito' })
  const fail = (user: string, options = {}) => rest.failed(who(user), new ProviderError('unavailable', options))
  return {
    clock,
    told,
    fail,
    worked: (user: string, isToken = true) => rest.worked(who(user), isToken),
    take: (user: string) => rest.take(who(user)),
    leftMs: (user: string) => rest.leftMs(who(user)),
  }
}

t.test('calls that fail together are one failure; the next one is a second, and the rest is longer', async (t) => {
  const { clock, fail, leftMs } = resting()

  for (let i = 0; i < 5; i++) fail('ada')
  const first = leftMs('ada')
  clock.at += first
  fail('ada')
  const second = leftMs('ada')

  t.ok(first >= 500 && first <= 1_000, `${first} ms`)
  t.ok(second >= 1_000 && second <= 2_000, `${second} ms`)
})

t.test('a failure is the first one until it works; then all is forgotten', async (t) => {
  const { fail, worked, leftMs } = resting()

  for (const step of [undefined, 'id_token']) {
    t.ok(fail('ada', { step }))
    t.notOk(fail('ada', { step }))
    worked('ada')
    t.equal(leftMs('ada'), 0)
  }
})

for (const step of ['id_token', 'user_info']) {
  t.test(`keys and user info that cannot be had stop nobody from refreshing (${step})`, async (t) => {
    const { fail, leftMs, told } = resting()

    for (const user of ['ada', 'grace', 'joan']) fail(user, { step })

    t.ok(leftMs('ada') > 0)
    t.equal(leftMs('edith'), 0)
    t.strictSame(told, [])
  })
}

t.test('while a provider is well, its calls do not wait for each other', async (t) => {
  const { take } = resting()

  const turns = await Promise.all([take('ada'), take('grace')])

  t.notOk(turns.includes(undefined))
})

t.test('it is tried again after each rest, and said to be away and back once', async (t) => {
  const { clock, fail, worked, take, leftMs, told } = resting()
  for (const user of ['ada', 'grace', 'joan']) fail(user)
  for (let tries = 0; tries < 3; tries++) {
    clock.at += leftMs('edith')
    const end = await take('edith')
    fail('edith')
    end?.()
    t.ok(end)
  }

  clock.at += leftMs('edith')
  const end = await take('edith')
  worked('edith')
  end?.()

  t.strictSame(told, [
    ['cognito', false, 'provider: unavailable'],
    ['cognito', true, 'it answers again'],
  ])
})

t.test('that claims could be looked at does not say that tokens can be had', async (t) => {
  const { fail, worked, leftMs, told } = resting()
  for (const user of ['ada', 'grace']) fail(user)

  worked('joan', false)

  t.ok(leftMs('edith') > 0)
  t.equal(told.length, 1)
})

t.test('who was served between two failures shows that they are those of two users alone', async (t) => {
  const { fail, worked, leftMs } = resting()

  fail('ada')
  worked('grace')
  fail('joan')

  t.equal(leftMs('edith'), 0)
})

t.test('ten thousand users are remembered, those who failed last', async (t) => {
  const { fail, leftMs } = resting()
  const later = (user: string) => fail(user, { step: 'user_info', retryAfterSeconds: 60 })
  for (let i = 0; i < 10_000; i++) later(`u${i}`)
  later('u0')
  t.equal(leftMs('u1'), 60 * second)

  later('one more')

  t.equal(leftMs('u1'), 0)
  for (const user of ['u0', 'u2', 'u9999', 'one more']) t.ok(leftMs(user) > 0, user)
})
