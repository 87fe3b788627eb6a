import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../../src/adapters/memory-store.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { createSessionOwners } from '../../../src/core/mcp/session-owners.ts'
import type { InvalidationListener } from '../../../src/core/ports.ts'
import { shareInvalidations } from '../../../src/core/shared-invalidations.ts'

const hour = 3_600_000
const upstream = { origin: 'http://127.0.0.1:3001', prefix: undefined, tls: undefined }
const session = { route: { name: 'notes', upstream }, id: 'session-1' }
const another = { ...session, id: 'session-2' }

/** Gateways over one store. */
function open() {
  const clock = { at: 1_000_000 }
  const now = () => clock.at
  const keyring = createKeyring([randomBytes(32)])
  const store = createMemoryStore({ now })
  const invalidations = shareInvalidations(store.invalidations)
  const events: Record<string, string | undefined>[] = []
  const hears: InvalidationListener[] = []
  const redis = { isAway: false, reads: 0 }
  const records = {
    ...store.records,
    async read(...query: Parameters<typeof store.records.read>) {
      redis.reads++
      if (redis.isAway) throw new GatewayError('store_unavailable')
      return store.records.read(...query)
    },
  }

  function gateway() {
    return createSessionOwners({
      records,
      keyring,
      invalidations: {
        listen(listener) {
          hears.push(listener)
          invalidations.listen(listener)
        },
      },
      now,
      audit: (event, facts) => events.push({ event, ...facts }),
    })
  }
  return { clock, store, redis, events, hears, gateway }
}

t.test('a session belongs to whose token it was first used with, at every replica', async (t) => {
  const { gateway, events } = open()
  const [here, there] = [gateway(), gateway()]

  await here.admit(session, 'cognito:ada')

  for (const replica of [here, there]) {
    await replica.admit(session, 'cognito:ada')
    await t.rejects(replica.admit(session, 'cognito:grace'), { code: 'mcp_session_refused', status: 401 })
    await t.rejects(replica.admit(session, undefined), { code: 'token_required', status: 401 })
    await replica.admit(another, 'cognito:grace')
  }
  const facts = { event: 'access_denied', route: 'notes', reason: "another user's MCP session" }
  t.strictSame(events.slice(0, 2), [
    { ...facts, user: 'cognito:grace' },
    { ...facts, user: undefined },
  ])
})

t.test('of two who use a free session at once, one gets it', async (t) => {
  const { gateway } = open()
  const users = ['cognito:ada', 'cognito:grace']

  const settled = await Promise.allSettled(users.map((user) => gateway().admit(session, user)))

  t.strictSame(settled.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

t.test('a session that a server gives to a user is theirs before they use it', async (t) => {
  const { gateway } = open()
  const here = gateway()

  here.given(session, 'cognito:ada')

  await t.rejects(here.admit(session, 'cognito:grace'), { code: 'mcp_session_refused' })
})

t.test('a session at one server is the same by whichever route, and none at another server', async (t) => {
  const { gateway } = open()
  const here = gateway()
  await here.admit(session, 'cognito:ada')

  await t.rejects(here.admit({ ...session, route: { name: 'other', upstream } }, 'cognito:grace'))
  const elsewhere = { name: 'notes', upstream: { ...upstream, origin: 'http://127.0.0.1:3002' } }
  await here.admit({ ...session, route: elsewhere }, 'cognito:grace')
})

t.test('whose a session is is asked once', async (t) => {
  const { gateway, redis } = open()
  const here = gateway()
  await here.admit(session, 'cognito:ada')
  const { reads } = redis

  for (const user of ['cognito:ada', 'cognito:grace', undefined]) await here.admit(session, user).catch(() => undefined)

  t.equal(redis.reads, reads)
})

t.test('a session that nobody owns is open, until another replica binds it', async (t) => {
  const { gateway, redis, clock } = open()
  const [here, there] = [gateway(), gateway()]
  await here.admit(session, undefined)
  const { reads } = redis
  await here.admit(session, undefined)
  t.equal(redis.reads, reads, 'not asked again')
  clock.at += 10_000
  await here.admit(session, undefined)
  t.not(redis.reads, reads, 'but after ten seconds')

  await there.admit(session, 'cognito:ada')

  await t.rejects(here.admit(session, undefined), { code: 'token_required' })
})

t.test('a replica that may miss changes asks each time', async (t) => {
  const { gateway, redis, hears } = open()
  const here = gateway()
  for (const { hearing } of hears) hearing(false)
  await here.admit(session, undefined)
  const { reads } = redis

  await here.admit(session, undefined)

  t.not(redis.reads, reads)
})

t.test('while the store is away, what is known counts, and all else is refused', async (t) => {
  const { gateway, redis } = open()
  const here = gateway()
  await here.admit(session, 'cognito:ada')
  redis.isAway = true

  await here.admit(session, 'cognito:ada')

  await t.rejects(here.admit(session, 'cognito:grace'), { code: 'mcp_session_refused' })
  await t.rejects(here.admit(another, 'cognito:ada'), { code: 'store_unavailable' })
  await t.rejects(here.admit(another, undefined), { code: 'store_unavailable' })
})

t.test('a session in use stays bound, one that is not used for a week is forgotten', async (t) => {
  const { gateway, clock } = open()
  const here = gateway()
  await here.admit(session, 'cognito:ada')
  await here.admit(another, 'cognito:ada')
  for (let days = 0; days < 10; days++) {
    clock.at += 24 * hour
    await here.admit(session, 'cognito:ada')
  }

  await t.rejects(gateway().admit(session, 'cognito:grace'), { code: 'mcp_session_refused' })
  await gateway().admit(another, 'cognito:grace')
})

t.test('one user binds so many sessions in a minute; others are not affected', async (t) => {
  const { gateway, clock } = open()
  const here = gateway()
  for (let n = 0; n < 300; n++) await here.admit({ ...session, id: `made-up-${n}` }, 'cognito:ada')

  await t.rejects(here.admit(session, 'cognito:ada'), { code: 'rate_limited', retryAfterSeconds: 60 })
  await here.admit({ ...session, id: 'made-up-0' }, 'cognito:ada')
  await here.admit(session, 'cognito:grace')
  clock.at += 60_000
  await here.admit(another, 'cognito:ada')
})
