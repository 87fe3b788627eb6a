import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { createEmailLookUp } from '../../src/core/email-look-up.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Provider } from '../../src/core/provider.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { createUserStore } from '../../src/core/user-store.ts'

const hour = 3_600_000
const day = 24 * hour
const at = Date.parse('2026-01-01')
const [old, next] = [randomBytes(32), randomBytes(32)]

const cognito = {
  claimNames: { user: 'sub', email: 'email', name: 'name', groups: 'groups' },
  trustUnverifiedEmail: false,
} as unknown as Provider
const trusting = { ...cognito, trustUnverifiedEmail: true } as Provider
const providers = new Map([
  ['cognito', cognito],
  ['trusting', trusting],
])

const aSet = (claims: object, changes: Partial<TokenSet> = {}): TokenSet => ({
  accessToken: 'a',
  refreshToken: 'r',
  idToken: undefined,
  scopes: [],
  claims: { ...claims },
  claimsAt: at,
  client: 'us',
  obtainedAt: at,
  expiresAt: at + hour,
  endsAt: at + 30 * day,
  ...changes,
})

/** A store that remembers addresses, and what was written to it. */
function setUp() {
  const { records } = createMemoryStore({ now: () => at })
  const known = new Map<string, string[]>()
  const written: { digest: string; user: string; ttlMs: number }[] = []
  const state = { away: false }
  const addresses = {
    async add(digest: string, user: string, ttlMs: number) {
      if (state.away) throw new GatewayError('store_unavailable')
      written.push({ digest, user, ttlMs })
      known.set(digest, [...(known.get(digest) ?? []), user])
    },
    find: async (digest: string) => known.get(digest) ?? [],
  }
  const withKeys = (...keys: readonly Buffer[]) => {
    const sealed = { records, keyring: createKeyring(keys), now: () => at }
    const lookUp = createEmailLookUp({ ...sealed, addresses, providers, sessionMs: 20 * day })
    return {
      ...lookUp,
      store: lookUp.noting(createUserStore({ ...sealed, lifetimes: { idleMs: hour, absoluteMs: day } })),
    }
  }
  const { store, find } = withKeys(old)
  async function stored(user: string, set: TokenSet, provider = 'cognito', refused?: string) {
    const current = await store.readTokens(user, provider)
    const condition = current ? { version: current.version } : ({ new: true } as const)
    await store.writeTokens(user, provider, set, condition, refused === undefined ? {} : { refusedBecause: refused })
    await setImmediate()
  }
  return { state, written, find, stored, withKeys }
}

t.test('who signed in with a verified address is found by it, in any letter case', async (t) => {
  const { stored, find, written } = setUp()

  await stored('ada', aSet({ email: 'Ada@Example.com', email_verified: true }))
  await stored('twin', aSet({ email: 'ada@example.com', email_verified: 'true' }))

  t.strictSame(await find('ADA@example.com'), ['ada', 'twin'])
  t.strictSame(await find('grace@example.com'), [])
  t.equal(written[0]?.ttlMs, 30 * day)
  t.notMatch(JSON.stringify(written), /ada@|QURB|YWRh/i, 'the address itself is not stored')
})

t.test('no address that is not verified, is malformed, belongs to a connection, or to a refused set', async (t) => {
  const { stored, written } = setUp()

  await stored('a', aSet({ email: 'ada@example.com' }))
  await stored('b', aSet({ email: 'ada@evil@example.com', email_verified: true }))
  await stored('c', aSet({ email: 'ada@example.com', email_verified: true }, { claimsAt: undefined }))
  await stored('d', aSet({ email: 'ada@example.com', email_verified: true }), 'cognito', 'invalid_grant')
  t.strictSame(written, [])

  await stored('a', aSet({ email: 'ada@example.com' }), 'trusting')
  t.equal(written.length, 1, 'unless the provider is trusted with it')
})

t.test('a refresh writes nothing, but for another address; and it lasts as long as the session at least', async (t) => {
  const { stored, written, find } = setUp()
  const claims = { email: 'ada@example.com', email_verified: true }
  await stored('ada', aSet(claims, { endsAt: at + hour }))

  await stored('ada', aSet(claims, { accessToken: 'b', endsAt: at + hour }))
  t.strictSame(
    written.map(({ ttlMs }) => ttlMs),
    [20 * day],
  )
  await stored('ada', aSet({ ...claims, email: 'ada@new.example.com' }, { endsAt: at + hour }))

  t.strictSame(await find('ada@new.example.com'), ['ada'])
})

t.test('an address that cannot be written fails nothing, and is written the next time', async (t) => {
  const { state, stored, find } = setUp()
  const set = aSet({ email: 'ada@example.com', email_verified: true })
  state.away = true
  await stored('ada', set)
  state.away = false

  t.strictSame(await find('ada@example.com'), [])
  await stored('ada', set)

  t.strictSame(await find('ada@example.com'), ['ada'])
})

t.test('an address leads to its user after the encryption keys have changed', async (t) => {
  const { stored, withKeys } = setUp()
  await stored('ada', aSet({ email: 'ada@example.com', email_verified: true }))

  await withKeys(next, old).store.userHash('cognito', 'anyone')

  t.strictSame(await withKeys(next).find('ada@example.com'), ['ada'])
})
