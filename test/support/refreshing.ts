import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import type { Budget } from '../../src/core/budget.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { createFreshTokens } from '../../src/core/fresh-tokens.ts'
import type { HeldTokens } from '../../src/core/held-records.ts'
import type { Audit, RecordStore } from '../../src/core/ports.ts'
import {
  type Provider,
  ProviderError,
  type ProviderErrorOptions,
  type ProviderFailure,
  type ProviderTokens,
} from '../../src/core/provider.ts'
import { createRevocations } from '../../src/core/revocations.ts'
import { createRevoke, createRevoking } from '../../src/core/revoke.ts'
import { createSetAside } from '../../src/core/set-aside.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { createUserStore } from '../../src/core/user-store.ts'
import { heldTokens } from './passage.ts'

export const hour = 3_600_000
/** The hash of the user who is signed in. */
export const user = 'u'.repeat(22)

/** A provider's answer that brings this access token and, with rotation, this refresh token. */
export const answer = (accessToken: string, refreshToken?: string): ProviderTokens => ({
  accessToken,
  refreshToken,
  idToken: undefined,
  expiresInSeconds: 3600,
  scopes: ['openid'],
  claims: undefined,
})

/** A call that the provider fails in this way. */
export const failing =
  (failure: ProviderFailure, options: ProviderErrorOptions = {}) =>
  async () => {
    throw new ProviderError(failure, options)
  }

/** A user whose stored access token has so many milliseconds left, and fakes at every port but the store. */
export async function signedIn(t: Test, { leftMs = 0, set = {} }: { leftMs?: number; set?: Partial<TokenSet> } = {}) {
  const clock = { at: Date.parse('2026-01-01') }
  const now = () => clock.at
  const sent: string[] = []
  const revoked: string[] = []
  const events: string[] = []
  const audited: Parameters<Audit>[] = []
  const sleeping: (() => void)[] = []
  const memory = createMemoryStore({ now })
  const store = { away: false }
  const records: RecordStore = {
    ...memory.records,
    read: (...args) => (store.away ? away() : memory.records.read(...args)),
    write: (...args) => (store.away ? away() : memory.records.write(...args)),
  }
  const provider = {
    name: 'cognito',
    client: 'us',
    timeoutMs: 10_000,
    refresh: async (..._args: Partial<Parameters<Provider['refresh']>>): Promise<ProviderTokens> => answer('second'),
    recheck: async (..._args: Parameters<Provider['recheck']>): ReturnType<Provider['recheck']> => undefined,
  }
  const providers: ReadonlyMap<string, Provider> = new Map([
    [
      'cognito',
      {
        ...provider,
        title: 'Cognito',
        clientId: 'us',
        scopes: ['openid'],
        canSignIn: true,
        revokesAlone: true,
        maxRate: 100,
        claimNames: { user: 'sub', email: 'email', name: 'name', groups: 'groups' },
        trustUnverifiedEmail: false,
        refreshLifetimeMs: 30 * 24 * hour,
        authorizationUrl: () => t.fail('nobody is sent to sign in') as never,
        exchange: () => t.fail('no code is exchanged') as never,
        verifyPresented: () => t.fail('no token is presented') as never,
        isThere: async () => true,
        isAnswerFrom: async () => true,
        recheck: (...args) => provider.recheck(...args),
        signOutUrl: async () => undefined,
        refresh: (...args) => {
          sent.push(args[0])
          return provider.refresh(...args)
        },
        revoke: async (token) => void revoked.push(token),
      },
    ],
  ])
  const lifetimes = { idleMs: 12 * hour, absoluteMs: 30 * 24 * hour }
  const keyring = createKeyring([randomBytes(32)])
  const users = createUserStore({ records, keyring, lifetimes, now })
  const setAside = createSetAside({ records, keyring, now })
  const list = memory.revocations
  const revoking = createRevoking(list, createRevocations({ setAside, list, providers, now }).start)
  const replica = (budgets: ReadonlyMap<string, Budget> = new Map()) =>
    createFreshTokens({
      store: users,
      locks: memory.locks,
      providers,
      budgets,
      revoke: createRevoke(setAside, providers, revoking),
      claimsMaxAgeMs: hour,
      now,
      sleep: () => new Promise((resolve) => sleeping.push(resolve)),
      audit: (...event) => {
        events.push(event[0])
        audited.push(event)
      },
      onProvider: (_name, answers) => void events.push(answers ? 'answers' : 'away'),
    })
  const gateway = () => replica().freshTokens
  const first: TokenSet = {
    ...heldTokens().set,
    accessToken: 'first',
    refreshToken: 'r1',
    idToken: undefined,
    claimsAt: clock.at - hour + leftMs,
    client: 'us',
    obtainedAt: clock.at - hour + leftMs,
    expiresAt: clock.at + leftMs,
    endsAt: clock.at + 30 * 24 * hour,
    ...set,
  }
  /** A user with a set like the first one. */
  const signUp = async (hash: string, changes: Partial<TokenSet> = {}) => {
    const held = await users.writeTokens(hash, 'cognito', { ...first, ...changes }, { new: true })
    if (held === undefined) throw new Error('not stored')
    return held
  }
  const held = await signUp(user)
  const stored = () => users.readTokens(user, 'cognito')
  /** Lets everything that sleeps go on, and what follows from it happen. */
  const wake = async () => {
    for (const resume of sleeping.splice(0)) resume()
    await settle()
  }
  return {
    clock,
    store,
    memory,
    users,
    provider,
    sent,
    revoked,
    events,
    audited,
    held,
    signUp,
    stored,
    replica,
    gateway,
    wake,
  }
}

async function away(): Promise<never> {
  throw new GatewayError('store_unavailable')
}

/** Lets happen what can happen without time passing. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await setImmediate()
}

export const accessToken = (held: HeldTokens | undefined) => held?.set.accessToken
