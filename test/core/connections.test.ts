import t from 'tap'
import { createConnections } from '../../src/core/connections.ts'
import type { HeldTokens } from '../../src/core/held-records.ts'
import type { User } from '../../src/core/passage.ts'
import type { Provider } from '../../src/core/provider.ts'
import { aPassage, heldTokens } from '../support/passage.ts'

/** The connections of a user whose tokens are these, and how often they were renewed. */
function connectionsOf(first: HeldTokens) {
  const clock = { at: 1_000_000 }
  const stored = { held: first }
  const calls = { renewed: 0 }
  const provider = { name: 'cognito', client: 'client' } as Provider
  const connections = createConnections({
    store: { readTokens: async () => stored.held } as never,
    freshTokens: async (held) => {
      calls.renewed += 1
      stored.held = { ...held, version: held.version + 1 }
      return stored.held
    },
    providers: new Map([['cognito', provider]]),
    routes: [],
    endings: {} as never,
    now: () => clock.at,
    audit: () => undefined,
  })
  const user = { ...aPassage().user, session: { user: 'hash' } } as User
  return { ...connections, clock, stored, calls, user }
}

t.test('pressing refresh again and again is one refresh in five seconds', async (t) => {
  const { refresh, clock, calls, user } = connectionsOf(heldTokens())

  for (let i = 0; i < 10; i++) await refresh(user, 'cognito')
  t.equal(calls.renewed, 1)
  clock.at += 5_000
  await refresh(user, 'cognito')
  t.equal(calls.renewed, 2)
})

t.test('a connection that was just made again can be refreshed at once', async (t) => {
  const { refresh, stored, calls, user } = connectionsOf(heldTokens())
  await refresh(user, 'cognito')
  stored.held = { ...stored.held, version: 7 }

  await refresh(user, 'cognito')

  t.equal(calls.renewed, 2)
})

t.test('tokens of another issuer or client than the configured one are over, and the list says why', async (t) => {
  const tokens = heldTokens()
  const { list, user } = connectionsOf({ ...tokens, set: { ...tokens.set, client: 'another' } })

  t.match(await list(user), [{ state: 'ended', reason: 'provider_changed' }])
})
