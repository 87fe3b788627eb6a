import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { createBackchannelLogout } from '../../src/core/backchannel-logout.ts'
import { createEndings } from '../../src/core/endings.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Locks } from '../../src/core/ports.ts'
import type { LogoutToken, Provider } from '../../src/core/provider.ts'
import { createProviderSessions } from '../../src/core/provider-sessions.ts'
import { createRevoking } from '../../src/core/revoke.ts'
import { createUserStore } from '../../src/core/user-store.ts'

const hour = 3_600_000
const lifetimes = { idleMs: hour, absoluteMs: hour }

/** A gateway whose provider's logout tokens are what the test says; `user` is the claim that users are known by. */
function gateway({ user: userClaim = 'sub' } = {}) {
  const clock = { at: Date.parse('2026-01-01') }
  const now = () => clock.at
  const memory = createMemoryStore({ now })
  const sealed = { records: memory.records, keyring: createKeyring([randomBytes(32)]), now }
  const store = createUserStore({ ...sealed, lifetimes })
  const providerSessions = createProviderSessions(sealed)
  const endings = createEndings(store, createRevoking(memory.revocations), () => undefined)
  const said: Pick<LogoutToken, 'sub' | 'sid'>[] = []
  let tokens = 0
  const sso = {
    name: 'sso',
    claimNames: { user: userClaim },
    verifyLogout: async (jti: string) => ({
      sub: undefined,
      sid: undefined,
      ...said.at(-1),
      jti,
      endsAt: now() + 240_000,
    }),
  } as unknown as Provider
  const providers = new Map([['sso', sso]])
  const logoutWith = (locks: Locks) =>
    createBackchannelLogout({ store, providerSessions, endings, locks, providers, now })
  const logout = logoutWith(memory.locks)

  return {
    clock,
    memory,
    logoutWith,
    async signIn(claims: { sub: string; email: string; sid?: string }) {
      const sub = userClaim === 'sub' ? claims.sub : claims.email
      const session = await store.createSession(await store.userHash('sso', sub), {
        provider: 'sso',
        sub,
        sid: claims.sid,
      })
      await providerSessions.note(session, sso, claims)
      const child = await store.createChild(session, 'https://b.test')
      const areLive = async () => {
        const found = await Promise.all([session, child].map(({ cookie }) => store.readSession(cookie, [])))
        return found.map((held) => held !== undefined)
      }
      return {
        /** On both hosts; on one alone is none of what may be. */
        async isLive() {
          const [own, childs] = await areLive()
          if (own !== childs) throw new Error('a session lives on one host alone')
          return own
        },
      }
    },
    says(token: { sub?: string; sid?: string }, jti = `j${tokens++}`) {
      said.push({ sub: token.sub, sid: token.sid })
      return logout('sso', jti)
    },
  }
}

const ada = { sub: 'ada', email: 'ada@example.com' }
const grace = { sub: 'grace', email: 'grace@example.com' }

for (const user of ['sub', 'email']) {
  t.test(
    `users known by ${user}: a session ends by its sid, alone or with the user; all of a user by sub`,
    async (t) => {
      const { signIn, says } = gateway({ user })
      const [one, two, three] = [
        await signIn({ ...ada, sid: '1' }),
        await signIn({ ...ada, sid: '2' }),
        await signIn({ ...ada, sid: '3' }),
      ]
      const other = await signIn({ ...grace, sid: '4' })
      const live = async () => Promise.all([one, two, three, other].map(({ isLive }) => isLive()))

      await says({ sid: '1' })
      t.strictSame(await live(), [false, true, true, true])
      await says({ sid: '2', sub: 'ada' })
      t.strictSame(await live(), [false, false, true, true])
      await says({ sub: 'ada' })
      t.strictSame(await live(), [false, false, false, true])
      await says({ sid: 'unknown' })
      await says({ sub: 'nobody' })
      t.strictSame(await live(), [false, false, false, true])
    },
  )
}

t.test('a sid of one user ends nothing of another whom the token names', async (t) => {
  const { signIn, says } = gateway()
  const session = await signIn({ ...ada, sid: '1' })

  await says({ sid: '1', sub: 'grace' })

  t.ok(await session.isLive())
})

t.test('a token is used once', async (t) => {
  const { signIn, says } = gateway()
  await says({ sub: 'ada' }, 'j')
  const session = await signIn(ada)

  await t.rejects(says({ sub: 'ada' }, 'j'), { code: 'invalid_token' })

  t.ok(await session.isLive())
})

t.test('when nobody can tell whether it was used, it is refused', async (t) => {
  const { signIn, logoutWith } = gateway()
  const session = await signIn(ada)
  const away = logoutWith({ acquire: () => Promise.reject(new GatewayError('store_unavailable')) })

  await t.rejects(away('sso', 'j'), { code: 'store_unavailable' })

  t.ok(await session.isLive())
})

t.test('when the store fails in the middle the provider may send the token again', async (t) => {
  const { signIn, says, memory } = gateway()
  const session = await signIn(ada)
  const { end } = memory.records
  Object.assign(memory.records, { end: () => Promise.reject(new GatewayError('store_unavailable')) })

  await t.rejects(says({ sub: 'ada' }, 'j'), { code: 'store_unavailable' })
  Object.assign(memory.records, { end })
  await says({ sub: 'ada' }, 'j')

  t.notOk(await session.isLive())
})

t.test('a provider that is unknown, or sends no logout tokens, has no such address', async (t) => {
  const { logoutWith, memory } = gateway()

  await t.rejects(logoutWith(memory.locks)('unknown', 'j'), { code: 'route_not_found' })
})
