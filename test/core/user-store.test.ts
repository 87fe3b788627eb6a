import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import type { Keyring } from '../../src/core/ports.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { createUserStore } from '../../src/core/user-store.ts'

const minute = 60_000
const hour = 60 * minute
const start = Date.parse('2026-01-01')
const user = 'u'.repeat(22)

const aSet = (accessToken: string, changes: Partial<TokenSet> = {}): TokenSet => ({
  accessToken,
  refreshToken: 'r1',
  idToken: undefined,
  scopes: ['openid'],
  claims: { sub: 'ada' },
  claimsAt: start,
  client: 'us',
  obtainedAt: start,
  expiresAt: start + hour,
  endsAt: start + 24 * hour,
  ...changes,
})

/** Somebody who is signed in, and the kinds of the records that were opened. */
async function signedIn(changes: Partial<TokenSet> = {}) {
  const clock = { at: start }
  const now = () => clock.at
  const { records } = createMemoryStore({ now })
  const opened: string[] = []
  const real = createKeyring([randomBytes(32)])
  const keyring: Keyring = {
    ...real,
    open(purpose, context, sealed) {
      opened.push(context.replace(/^.*\/(.):.*$/, '$1'))
      return real.open(purpose, context, sealed)
    },
  }
  const store = createUserStore({ records, keyring, lifetimes: { idleMs: hour, absoluteMs: hour }, now })
  const session = await store.createSession(user, { provider: 'cognito', sub: 'ada' })
  await store.writeTokens(user, 'cognito', aSet('first', changes), { new: true })
  return { clock, opened, store, session, cookie: session.cookie }
}

t.test('what has not changed since it was read is the same object, and is not opened again', async (t) => {
  const { store, cookie, opened } = await signedIn()
  const first = await store.readSession(cookie, ['cognito'])
  if (first !== undefined) await store.touchSession(first)
  opened.length = 0

  const second = await store.readSession(cookie, ['cognito'], first)

  t.ok(first)
  t.strictSame(opened, [])
  t.equal(second, first)
})

t.test('of a session whose tokens were asked for by a new name, what is known is kept', async (t) => {
  const { store, cookie, opened } = await signedIn()
  const first = await store.readSession(cookie, [])
  opened.length = 0

  const second = await store.readSession(cookie, ['cognito'], first)

  t.strictSame(opened, ['t'])
  t.equal(second?.session, first?.session)
  t.match(second?.tokens.get('cognito'), { set: { accessToken: 'first' } })
})

t.test('only what has changed is opened again', async (t) => {
  const { store, cookie, opened } = await signedIn()
  const first = await store.readSession(cookie, ['cognito'])
  await store.writeTokens(user, 'cognito', aSet('second'), { version: 1 }, { refusedBecause: 'invalid_grant' })
  opened.length = 0

  const second = await store.readSession(cookie, ['cognito'], first)

  t.strictSame(opened, ['t'])
  t.match(second?.tokens.get('cognito'), { version: 2, state: 'refused', set: { accessToken: 'second' } })
})

t.test('a record that was gone and is made anew is opened, though its version is the same', async (t) => {
  const { clock, store, cookie, opened } = await signedIn({ endsAt: start + minute })
  const first = await store.readSession(cookie, ['cognito'])
  clock.at += minute
  await store.writeTokens(user, 'cognito', aSet('second'), { new: true })
  opened.length = 0

  const second = await store.readSession(cookie, ['cognito'], first)

  t.strictSame(opened, ['t'])
  t.match(first?.tokens.get('cognito'), { version: 1, set: { accessToken: 'first' } })
  t.match(second?.tokens.get('cognito'), { version: 1, set: { accessToken: 'second' } })
})

t.test('a session or token set that ended is not taken from what is known', async (t) => {
  const { store, session, cookie } = await signedIn()
  const first = await store.readSession(cookie, ['cognito'])

  await store.end(user, ['t:cognito'], { reason: 'disconnected', orphans: [] })
  t.equal((await store.readSession(cookie, ['cognito'], first))?.tokens.size, 0)
  await store.end(user, [session.name], { reason: 'signed out', orphans: [] })
  t.equal(await store.readSession(cookie, ['cognito'], first), undefined)
})
