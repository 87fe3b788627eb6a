import { GatewayError } from './errors.ts'
import type { Audit, Clock, Lock, Locks, Sleep } from './ports.ts'
import { type Provider, ProviderError, type ProviderTokens } from './provider.ts'
import type { Revoke } from './revoke.ts'
import { createSingleFlight } from './single-flight.ts'
import { expiryOf, freshness, refreshMark, type TokenSet } from './token-set.ts'
import type { HeldTokens, UserStore } from './user-store.ts'

interface FreshTokensOptions {
  readonly store: UserStore
  readonly locks: Locks
  readonly providers: ReadonlyMap<string, Provider>
  readonly revoke: Revoke
  readonly claimsMaxAgeMs: number
  readonly now: Clock
  readonly sleep: Sleep
  readonly audit: Audit
}

/** Gives a usable version of a token set. See `createFreshTokens`. */
export type FreshTokens = (held: HeldTokens) => Promise<HeldTokens>

const lockTtlMs = 5_000
const waitMs = 100
const saveAttempts = 5
const backOffMs = [1_000, 2_000, 5_000, 10_000, 20_000, 60_000]

/**
 * Gives token sets that may be used now, refreshed at most once whoever asks, in any replica. A fresh set is given
 * back as it is; an ageing one too, and is refreshed in the background; one that is over is refreshed first.
 * Throws `session_ended` when the provider ended it, `provider_unavailable` when it cannot be refreshed now.
 */
export function createFreshTokens(options: FreshTokensOptions): FreshTokens {
  const { store, locks, providers, revoke, claimsMaxAgeMs, now, sleep, audit } = options
  const inFlight = createSingleFlight<HeldTokens>()
  /** Refreshed but not saved yet: the store was away. They are used from here until it is back. */
  const unsaved = new Map<string, HeldTokens>()
  /** Providers that failed us: when to call again, and how often they failed in a row. */
  const resting = new Map<string, { readonly until: number; readonly failures: number }>()

  return async function freshTokens(stored) {
    const key = `${stored.user}/${stored.provider}`
    const held = newer(stored, unsaved.get(key))
    if (held.state !== 'live') throw new GatewayError('session_ended')
    const provider = providers.get(held.provider)
    // A set of another issuer or client than the configured one is sent nowhere.
    if (provider === undefined || provider.client !== held.set.client) throw new GatewayError('session_ended')

    const age = freshness(held.set, now())
    if (age === 'fresh') return held
    if (held.set.refreshToken === undefined) {
      if (age === 'ageing') return held
      throw new GatewayError('session_ended')
    }
    if (age === 'over') return inFlight(key, () => refresh(held, provider))
    if (!isResting(provider)) inFlight(key, () => refresh(held, provider)).catch(() => undefined)
    return held
  }

  function isResting({ name }: Provider): boolean {
    return (resting.get(name)?.until ?? 0) > now()
  }

  async function refresh(held: HeldTokens, provider: Provider): Promise<HeldTokens> {
    const resting = restingError(provider)
    if (resting !== undefined) throw resting
    const deadline = now() + 3 * provider.timeoutMs
    for (;;) {
      const lock = await locks.acquire(held.user, held.provider, lockTtlMs)
      const current = await store.readTokens(held.user, held.provider)
      if (current === undefined || current.state !== 'live') {
        await lock?.release()
        throw new GatewayError('session_ended')
      }
      if (current.version !== held.version && freshness(current.set, now()) !== 'over') {
        await lock?.release()
        return current
      }
      if (lock !== undefined) return await whileHolding(lock, () => callProvider(current, provider))
      if (now() >= deadline) throw new GatewayError('provider_unavailable')
      await sleep(waitMs)
    }
  }

  async function whileHolding<T>(lock: Lock, task: () => Promise<T>): Promise<T> {
    const renewal = setInterval(() => lock.renew().catch(() => undefined), lockTtlMs / 3)
    try {
      return await task()
    } finally {
      clearInterval(renewal)
      await lock.release().catch(() => undefined)
    }
  }

  async function callProvider(held: HeldTokens, provider: Provider): Promise<HeldTokens> {
    const { refreshToken, claims } = held.set
    const sentAt = now()
    try {
      const answer = await provider.refresh(refreshToken ?? '', String(claims.sub))
      resting.delete(provider.name)
      const next = renewed(held.set, answer, sentAt)
      const saved = await save(held, next, provider)
      audit('token_refreshed', { user: `${provider.name}:${claims.sub}`, provider: provider.name })
      return saved
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      audit('token_refresh_failed', {
        user: `${provider.name}:${claims.sub}`,
        provider: provider.name,
        reason: error.message,
      })
      if (error.failure === 'invalid_grant' || error.failure === 'wrong_user') return await refusedOrNewer(held, error)
      rest(provider, error)
      throw new GatewayError('provider_unavailable', { cause: error, retryAfterSeconds: error.retryAfterSeconds ?? 5 })
    }
  }

  /** Saves before use. Gives what is stored then; throws `session_ended` when a person ended the set meanwhile. */
  async function save(held: HeldTokens, set: TokenSet, provider: Provider): Promise<HeldTokens> {
    const key = `${held.user}/${held.provider}`
    const attempt = async () => {
      const written = await store.writeTokens(held.user, held.provider, set, { mark: refreshMark(held.set) })
      if (written !== undefined) return written
      const current = await store.readTokens(held.user, held.provider)
      if (current?.state === 'live') return current
      revoke(provider.name, set)
      throw new GatewayError('session_ended')
    }
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'store_unavailable') throw error
    }
    const inMemory = { ...held, version: held.version + 1, set }
    unsaved.set(key, inMemory)
    void saveLater(key, attempt)
    return inMemory
  }

  async function saveLater(key: string, attempt: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; tries < saveAttempts * 60; tries++) {
      await sleep(backOffMs[Math.min(tries, 2)] ?? 5_000)
      try {
        await attempt()
        break
      } catch (error) {
        if (!(error instanceof GatewayError) || error.code !== 'store_unavailable') break
      }
    }
    unsaved.delete(key)
  }

  /** `invalid_grant`: perhaps another replica was faster. Otherwise the set is marked refused, and kept. */
  async function refusedOrNewer(held: HeldTokens, error: ProviderError): Promise<HeldTokens> {
    const current = await store.readTokens(held.user, held.provider)
    if (current?.state === 'live' && current.version !== held.version) return current
    const reason = error.error ?? error.failure
    await store.writeTokens(held.user, held.provider, held.set, { version: held.version }, reason)
    audit('token_set_ended', { user: `${held.provider}:${held.set.claims.sub}`, provider: held.provider, reason })
    throw new GatewayError('session_ended', { cause: error })
  }

  function renewed(set: TokenSet, answer: ProviderTokens, at: number): TokenSet {
    return {
      ...set,
      accessToken: answer.accessToken,
      refreshToken: answer.refreshToken ?? set.refreshToken,
      idToken: answer.idToken ?? set.idToken,
      scopes: answer.scopes,
      claims: answer.claims ?? set.claims,
      obtainedAt: at,
      expiresAt: expiryOf(answer.expiresInSeconds, at, claimsMaxAgeMs),
    }
  }

  function rest(provider: Provider, error: ProviderError): void {
    const failures = (resting.get(provider.name)?.failures ?? 0) + 1
    const asked = Math.min(error.retryAfterSeconds ?? 0, 60) * 1000
    const own = (backOffMs[Math.min(failures, backOffMs.length) - 1] ?? 60_000) * (0.5 + Math.random() / 2)
    resting.set(provider.name, { until: now() + Math.max(asked, own), failures })
  }

  function restingError(provider: Provider): GatewayError | undefined {
    const left = (resting.get(provider.name)?.until ?? 0) - now()
    if (left <= 0) return undefined
    return new GatewayError('provider_unavailable', { retryAfterSeconds: Math.ceil(left / 1000) })
  }
}

function newer(stored: HeldTokens, inMemory: HeldTokens | undefined): HeldTokens {
  return inMemory !== undefined && stored.state === 'live' && inMemory.version > stored.version ? inMemory : stored
}
