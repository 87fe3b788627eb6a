import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { createAttempts } from '../../src/core/attempt.ts'
import { createEndings } from '../../src/core/endings.ts'
import { createHandOver } from '../../src/core/hand-over.ts'
import { createHandOverCodes } from '../../src/core/hand-over-codes.ts'
import { createRevoking } from '../../src/core/revoke.ts'
import { type CookieChange, createSealedCookies } from '../../src/core/sealed-cookies.ts'
import { createRefusedScopes } from '../../src/core/step-up.ts'
import { createUserStore, type UserStore } from '../../src/core/user-store.ts'

const hour = 3_600_000
const user = 'u'.repeat(22)
const here = 'https://b.test'

/** Somebody who is signed in at public_url and came from another host. `changes` are to the store of the hand-over. */
async function start(changes: (store: UserStore, signOut: () => Promise<unknown>) => Partial<UserStore> = () => ({})) {
  const now = Date.now
  const memory = createMemoryStore({ now })
  const keyring = createKeyring([randomBytes(32)])
  const sealed = { records: memory.records, keyring, now }
  const store = createUserStore({ ...sealed, lifetimes: { idleMs: hour, absoluteMs: hour } })
  const endings = createEndings(store, createRevoking(memory.revocations), () => undefined)
  const cookieName = 'toolgate'
  const sealedOn = (origin: string) => createSealedCookies(keyring, new URL(origin).host)
  const session = await store.createSession(user, { provider: 'cognito', sub: 'ada' })
  const handOver = createHandOver({
    codes: createHandOverCodes(sealed),
    store: { ...store, ...changes(store, () => endings.session(session, 'signed out')) },
    providers: new Map(),
    endings,
    attemptsOn: (origin) => createAttempts({ sealed: sealedOn(origin), cookieName, now }),
    refusedScopesOn: (origin) => createRefusedScopes(sealedOn(origin), cookieName, now),
    answerConsented: async () => undefined,
    ...{ publicUrl: 'https://a.test', basePath: '/oauth', cookieName, now, audit: () => undefined },
  })
  const jar: Record<string, string> = {}
  const keep = (cookies: readonly CookieChange[]) => {
    for (const { name, value } of cookies) jar[name] = value
  }

  return {
    ...{ store, session, jar, handOver, keep },
    /** Leaves, and gives the code that comes back. */
    async codeFor(returnTo: string) {
      const left = handOver.leave({ purpose: 'sign_in', provider: '', returnTo }, here, jar)
      keep(left.cookies)
      const query = new URL(left.location).searchParams
      const sender = { origin: here, returnTo, attempt: query.get('hand_over') ?? '' }
      const { location } = await handOver.send({ ...session, tokens: new Map() }, sender, [])
      return new URL(location).searchParams.get('code') ?? ''
    },
    receive: async (code: string) => {
      const received = await handOver.receive(code, here, jar)
      keep(received.cookies)
      return received
    },
    sessions: async () => (await memory.records.list(user)).filter(({ name }) => name.startsWith('s:')),
  }
}

for (const [when, change] of [
  [
    'before',
    (store: UserStore, signOut: () => Promise<unknown>) => ({
      createChild: async (...given: Parameters<UserStore['createChild']>) => {
        await signOut()
        return store.createChild(...given)
      },
    }),
  ],
  [
    'after',
    (store: UserStore, signOut: () => Promise<unknown>) => ({
      createChild: async (...given: Parameters<UserStore['createChild']>) => {
        const child = await store.createChild(...given)
        await signOut()
        return child
      },
    }),
  ],
] as const) {
  t.test(`who signs out just ${when} the session of a host is made has none`, async (t) => {
    const { codeFor, receive, sessions } = await start(change)

    await t.rejects(receive(await codeFor('/a')), { code: 'attempt_unknown' })

    t.strictSame(await sessions(), [])
  })
}

t.test('each hand-over makes a new session, and the one that the browser had there goes', async (t) => {
  const { codeFor, receive, jar, store, sessions } = await start()
  await receive(await codeFor('/a'))
  const first = jar.toolgate
  await receive(await codeFor('/b'))

  t.not(jar.toolgate, first)
  t.equal(await store.readSession(first, []), undefined)
  t.match(await store.readSession(jar.toolgate, []), { session: { sub: 'ada', origin: here } })
  t.equal((await sessions()).length, 2, 'that of public_url, and one of the host')
})

t.test('the session that somebody else had in this browser ends, everywhere', async (t) => {
  const { codeFor, receive, jar, store } = await start()
  const other = await store.createSession(user, { provider: 'cognito', sub: 'ada' })
  const child = await store.createChild(other, here)
  jar.toolgate = child.cookie

  await receive(await codeFor('/a'))

  t.equal(await store.readSession(other.cookie, []), undefined)
  t.equal(await store.readSession(child.cookie, []), undefined)
  t.ok(await store.readSession(jar.toolgate, []))
})

t.test('a third hand-over for one address within a minute stops with a page that says why', async (t) => {
  const { codeFor, receive } = await start()
  await receive(await codeFor('/a'))
  await receive(await codeFor('/a'))

  await t.rejects(receive(await codeFor('/a')), { code: 'sign_in_loop' })
})

t.test('an address that would not fit into a cookie at public_url leads to the home page', async (t) => {
  const { handOver } = await start()

  const { location } = handOver.leave({ purpose: 'sign_in', provider: '', returnTo: `/${'%20'.repeat(600)}` }, here, {})

  t.equal(new URL(location).searchParams.get('return_to'), `${here}/oauth/`)
  t.ok(location.length < 2600)
})

t.test('a code is over after a minute by our own clock, whatever the store still has', async (t) => {
  const { records } = createMemoryStore({ now: () => 0 })
  const clock = { at: 0 }
  const codes = createHandOverCodes({ records, keyring: createKeyring([randomBytes(32)]), now: () => clock.at })
  const terms = { origin: here, returnTo: '/a', attempt: 'x', refused: [] }
  const code = await codes.issue({ user, name: 's:one' }, terms)

  clock.at = 59_999
  t.match(await codes.read(code), { ...terms, session: { user, name: 's:one' } })
  clock.at = 60_000
  t.equal(await codes.read(code), undefined)
})
