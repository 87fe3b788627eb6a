import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { createEndings } from '../../src/core/endings.ts'
import type { Provider } from '../../src/core/provider.ts'
import { createReplaceTokens } from '../../src/core/replace-tokens.ts'
import type { Revoking } from '../../src/core/revoke.ts'
import type { Returned } from '../../src/core/round-trip.ts'
import { createSetAside } from '../../src/core/set-aside.ts'
import { createSignIn } from '../../src/core/sign-in.ts'
import { createUserStore, type UserStore } from '../../src/core/user-store.ts'

const lifetimes = { idleMs: 3_600_000, absoluteMs: 86_400_000 }
const now = () => Date.parse('2026-01-01')

const provider = {
  name: 'cognito',
  title: 'Cognito',
  client: 'us',
  canSignIn: true,
  claimNames: { user: 'sub', email: 'email', name: 'name', groups: 'groups' },
  refreshLifetimeMs: 86_400_000,
} as unknown as Provider

function returned(cookies: Returned['cookies'] = {}): Returned {
  const tokens = {
    accessToken: 'access',
    refreshToken: 'refresh',
    idToken: undefined,
    expiresInSeconds: 3600,
    scopes: ['openid'],
    claims: { sub: 'ada' },
  }
  const attempt = {
    purpose: 'sign_in',
    provider: 'cognito',
    scopes: ['openid'],
    nonce: '',
    codeVerifier: '',
    returnTo: '/tool',
    session: undefined,
    route: undefined,
    approval: undefined,
    startedAt: now(),
    restarted: false,
    tried: false,
    narrow: false,
    least: undefined,
  } as const
  return { attempt, provider, tokens, at: now(), cookies, browser: undefined }
}

function signIn(t: Test, store: UserStore, whileStoring: () => Promise<unknown> = async () => undefined) {
  const revoking: Revoking = (_user, act) => act()
  const replace = createReplaceTokens(store, new Map(), revoking)
  const finish = createSignIn({
    store,
    replaceTokens: async (...args) => {
      const result = await replace(...args)
      await whileStoring()
      return result
    },
    providerSessions: { note: async () => undefined },
    endings: createEndings(store, revoking, () => undefined),
    discard: () => t.fail('nothing is discarded'),
    cookieName: 'toolgate',
    sessionMs: lifetimes.absoluteMs,
    audit: () => undefined,
  })
  return { finish }
}

t.test('who signs out everywhere while signing in elsewhere leaves no tokens behind', async (t) => {
  const { records } = createMemoryStore({ now })
  const keyring = createKeyring([randomBytes(32)])
  const store = createUserStore({ records, keyring, lifetimes, now })
  const user = await store.userHash('cognito', 'ada')
  // The other browser's sign-out came between the new session and the new token set.
  const { finish } = signIn(t, store, () => records.end(user, ['s:*'], { reason: 'everywhere', orphans: [] }))

  await t.rejects(finish(returned()), { code: 'session_ended' })

  const setAside = await createSetAside({ records, keyring, now }).list(user)
  t.match(setAside, [{ provider: 'cognito', set: { refreshToken: 'refresh' } }], 'to be revoked')
  t.equal(await store.readTokens(user, 'cognito'), undefined)
})

t.test('an old session that cannot be opened is no reason to refuse a new one', async (t) => {
  const { records } = createMemoryStore({ now })
  const lost = createUserStore({ records, keyring: createKeyring([randomBytes(32)]), lifetimes, now })
  const { cookie } = await lost.createSession(await lost.userHash('cognito', 'ada'), {
    provider: 'cognito',
    sub: 'ada',
  })
  const store = createUserStore({ records, keyring: createKeyring([randomBytes(32)]), lifetimes, now })

  const finished = await signIn(t, store).finish(returned({ toolgate: cookie }))

  t.match(finished, { location: '/tool', cookies: [{ name: 'toolgate' }] })
})
