import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { createEndings } from '../../src/core/endings.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { type Provider, ProviderError, type ProviderErrorOptions } from '../../src/core/provider.ts'
import { createRevocations } from '../../src/core/revocations.ts'
import { createRevoking } from '../../src/core/revoke.ts'
import { createSetAside } from '../../src/core/set-aside.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { createUserStore } from '../../src/core/user-store.ts'

const minute = 60_000
const hour = 60 * minute
const lifetimes = { idleMs: hour, absoluteMs: hour }
const user = 'u5er'
const ada = { user, provider: 'cognito', sub: 'ada' }

const aSet = (refreshToken: string, client = 'us'): TokenSet => ({
  accessToken: 'access',
  refreshToken,
  idToken: undefined,
  scopes: [],
  claims: { sub: 'ada' },
  claimsAt: 0,
  client,
  obtainedAt: 0,
  expiresAt: Number.MAX_SAFE_INTEGER,
  endsAt: Number.MAX_SAFE_INTEGER,
})

/** Gateways over one store, and a provider that answers what the test says. Every process is a `gateway`. */
function world() {
  const clock = { at: Date.parse('2026-01-01') }
  const now = () => clock.at
  const { records, revocations: list } = createMemoryStore({ now })
  const asked: string[] = []
  const provider = { answer: async (): Promise<void> => undefined }
  const keys = { one: randomBytes(32), other: randomBytes(32) }

  function gateway(...encryptionKeys: readonly Uint8Array[]) {
    const keyring = createKeyring(encryptionKeys.length > 0 ? encryptionKeys : [keys.one])
    const store = createUserStore({ records, keyring, lifetimes, now })
    const setAside = createSetAside({ records, keyring, now })
    const cognito = {
      name: 'cognito',
      client: 'us',
      async revoke(token: string) {
        asked.push(token)
        await provider.answer()
      },
    } as Provider
    const revocations = createRevocations({ setAside, list, providers: new Map([['cognito', cognito]]), now })
    // Nothing is started at once: that is what a process that dies after the end of a session leaves to others.
    const endings = createEndings(store, createRevoking(list), () => undefined)
    return { store, revocations, endings }
  }

  function refuses(failure: 'refused' | 'unavailable', options?: ProviderErrorOptions): void {
    provider.answer = async () => {
      throw new ProviderError(failure, options)
    }
  }

  async function later(ms: number, { revocations }: ReturnType<typeof gateway>): Promise<readonly string[]> {
    clock.at += ms
    asked.length = 0
    await revocations.revokeDue()
    return [...asked]
  }

  return { clock, records, list, provider, keys, gateway, refuses, later }
}

t.test('what one process ended and did not revoke, another revokes, once', async (t) => {
  const { gateway, later, records } = world()
  const [first, second] = [gateway(), gateway()]
  await first.store.createSession(user, ada)
  await first.store.writeTokens(user, 'cognito', aSet('r1'), { new: true })

  await first.endings.everywhere(ada, 'signed out everywhere')

  t.strictSame(await later(0, second), [], 'the first process has its turn')
  t.strictSame(await later(15_000, second), ['r1'])
  t.strictSame(await later(hour, second), [])
  t.strictSame(await records.list(user), [])
})

t.test('while a provider does not answer, nothing is forgotten and it is asked less and less', async (t) => {
  const { gateway, later, refuses, provider } = world()
  const { store, endings, ...rest } = gateway()
  const process = { store, endings, ...rest }
  await store.writeTokens(user, 'cognito', aSet('r1'), { new: true })
  await endings.everywhere(ada, 'signed out everywhere')
  refuses('unavailable')

  let calls = 0
  for (let minutes = 0; minutes < 60; minutes++) calls += (await later(minute, process)).length
  t.ok(calls >= 11 && calls <= 27, `${calls} in an hour`)
  provider.answer = async () => undefined

  t.strictSame(await later(5 * minute, process), ['r1'])
  t.strictSame(await later(hour, process), [])
})

for (const [what, error, isAgain] of [
  ['the token', { error: 'unsupported_token_type', status: 400 }, false],
  ['us', { error: 'invalid_client', status: 401 }, true],
  ['nothing in particular', { status: 403 }, true],
] as const) {
  t.test(`a provider that refuses ${what} is asked ${isAgain ? 'again' : 'no more'}`, async (t) => {
    const { gateway, later, refuses } = world()
    const process = gateway()
    await process.store.writeTokens(user, 'cognito', aSet('r1'), { new: true })
    await process.endings.everywhere(ada, 'signed out everywhere')
    refuses('refused', error)

    t.strictSame(await later(minute, process), ['r1'])
    t.strictSame(await later(minute, process), isAgain ? ['r1'] : [])
  })
}

t.test('a provider that says when to come back is left alone until then', async (t) => {
  const { gateway, later, refuses, provider } = world()
  const process = gateway()
  await process.store.writeTokens(user, 'cognito', aSet('r1'), { new: true })
  await process.endings.everywhere(ada, 'signed out everywhere')
  refuses('unavailable', { status: 429, retryAfterSeconds: 120 })

  t.strictSame(await later(minute, process), ['r1'])
  provider.answer = async () => undefined
  t.strictSame(await later(119_000, process), [])
  t.strictSame(await later(1_000, process), ['r1'])
})

t.test('a token of another issuer or client is sent nowhere, and forgotten', async (t) => {
  const { gateway, later, records } = world()
  const process = gateway()
  await process.store.writeTokens(user, 'cognito', aSet('r1', 'another client'), { new: true })
  await process.store.writeTokens(user, 'gone', aSet('r2'), { new: true })
  await process.endings.everywhere(ada, 'signed out everywhere')
  await process.endings.connection(ada, 'gone', 'disconnected')

  t.strictSame(await later(minute, process), [])
  t.strictSame(await records.list(user), [])
})

t.test('who lacks the key of a token set can end it all the same; who has the key revokes it', async (t) => {
  const { gateway, later, keys } = world()
  const [older, newer] = [gateway(keys.one), gateway(keys.other)]
  await older.store.writeTokens(user, 'cognito', aSet('r1'), { new: true })

  await newer.endings.everywhere(ada, 'signed out everywhere')

  t.equal(await older.store.readTokens(user, 'cognito'), undefined)
  t.strictSame(await later(minute, newer), [])
  t.strictSame(await later(5 * minute, older), ['r1'])
})

t.test('when the store ends a token set and its answer is lost, it is revoked all the same', async (t) => {
  const { gateway, later, records } = world()
  const process = gateway()
  await process.store.writeTokens(user, 'cognito', aSet('r1'), { new: true })
  const { end } = records
  records.end = async (...args) => {
    records.end = end
    await end(...args)
    throw new GatewayError('store_unavailable')
  }

  await t.rejects(process.endings.everywhere(ada, 'signed out everywhere'), { code: 'store_unavailable' })

  t.strictSame(await later(minute, process), ['r1'])
})

t.test('a user who ends something more while a provider is asked stays on the list', async (t) => {
  const { gateway, later, provider } = world()
  const process = gateway()
  await process.store.writeTokens(user, 'cognito', aSet('r1'), { new: true })
  await process.endings.everywhere(ada, 'signed out everywhere')
  provider.answer = async () => {
    provider.answer = async () => undefined
    await process.store.writeTokens(user, 'cognito', aSet('r2'), { new: true })
    await process.endings.everywhere(ada, 'signed out everywhere')
  }

  t.strictSame(await later(minute, process), ['r1'])
  t.strictSame(await later(2 * minute, process), ['r2'])
})
