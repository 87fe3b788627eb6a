import type { Budget } from './budget.ts'
import { GatewayError } from './errors.ts'
import type { HeldTokens } from './held-records.ts'
import type { Audit, Clock, Lock, Locks, Sleep } from './ports.ts'
import { type Provider, ProviderError } from './provider.ts'
import type { Revoke } from './revoke.ts'
import { userKey } from './session.ts'
import { createSingleFlight } from './single-flight.ts'
import { createTokenSaver } from './token-saver.ts'
import { freshness, renewedTokenSet, type TokenSet } from './token-set.ts'
import type { UserStore } from './user-store.ts'

interface FreshTokensOptions {
  readonly store: UserStore
  readonly locks: Locks
  readonly providers: ReadonlyMap<string, Provider>
  readonly budgets: ReadonlyMap<string, Budget>
  readonly revoke: Revoke
  readonly claimsMaxAgeMs: number
  readonly now: Clock
  readonly sleep: Sleep
  readonly audit: Audit
}

/** Gives a usable version of a token set; `force`: a new one, however good it still is. See `createFreshTokens`. */
export type FreshTokens = (held: HeldTokens, options?: { readonly force: boolean }) => Promise<HeldTokens>

const lockTtlMs = 5_000
const waitMs = 100
const maxRetryAfterSeconds = 60
/** Not longer: when a provider is back, people are served again within seconds. */
const backOffMs = [1_000, 2_000, 4_000]
const longestBackOffMs = 4_000

/**
 * Gives token sets that may be used now, refreshed at most once whoever asks, in any replica. A fresh set is given
 * back as it is; an ageing one too, and is refreshed in the background; one that is over is refreshed first.
 * Throws `session_ended` when the provider ended it, `provider_unavailable` when it cannot be refreshed now.
 */
export function createFreshTokens(options: FreshTokensOptions): FreshTokens {
  const { store, locks, providers, budgets, revoke, claimsMaxAgeMs, now, sleep, audit } = options
  const inFlight = createSingleFlight<HeldTokens>()
  const saver = createTokenSaver({ store, revoke, sleep })
  /** Providers that failed us: when to call again, and how often they failed in a row. */
  const resting = new Map<string, { readonly until: number; readonly failures: number }>()

  return async function freshTokens(stored, { force } = { force: false }) {
    const held = saver.newest(stored)
    const provider = providerOf(held)
    const age = force ? 'over' : freshness(held.set, now(), claimsMaxAgeMs)
    if (age === 'fresh') return held
    if (held.set.refreshToken === undefined && held.set.expiresAt <= now()) throw new GatewayError('session_ended')
    const key = `${held.user}/${held.provider}`
    if (age === 'over') return inFlight(key, () => refresh(held, provider))
    if (!isResting(provider)) inFlight(key, () => refresh(held, provider)).catch(() => undefined)
    return held
  }

  /** Whose the set is. Throws `session_ended` unless it is live and of the issuer and client that are configured. */
  function providerOf(held: HeldTokens): Provider {
    const provider = providers.get(held.provider)
    if (provider === undefined || held.state !== 'live' || provider.client !== held.set.client) {
      throw new GatewayError('session_ended')
    }
    return provider
  }

  async function refresh(held: HeldTokens, provider: Provider): Promise<HeldTokens> {
    if (isResting(provider)) throw unavailable(provider)
    const deadline = now() + 3 * provider.timeoutMs
    for (;;) {
      const lock = await locks.acquire(held.user, held.provider, lockTtlMs)
      if (lock !== undefined) return await whileHolding(lock, () => refreshAlone(held, provider))
      const current = await readAgain(held)
      if (isRefreshed(current, held)) return current
      if (now() >= deadline) throw unavailable(provider)
      await sleep(waitMs)
    }
  }

  /** With the lock. What waits to be saved goes first: until then the stored refresh token may be an outdated one. */
  async function refreshAlone(held: HeldTokens, provider: Provider): Promise<HeldTokens> {
    await saver.flush(held)
    const current = await readAgain(held)
    return isRefreshed(current, held) ? current : await callProvider(current, provider)
  }

  async function readAgain({ user, provider }: HeldTokens): Promise<HeldTokens> {
    const current = await store.readTokens(user, provider)
    if (current === undefined) throw new GatewayError('session_ended')
    providerOf(current)
    return current
  }

  function isRefreshed(current: HeldTokens, held: HeldTokens): boolean {
    return current.version !== held.version && freshness(current.set, now(), claimsMaxAgeMs) !== 'over'
  }

  async function whileHolding<T>(lock: Lock, task: () => Promise<T>): Promise<T> {
    const renewal = setInterval(() => lock.renew().catch(() => undefined), lockTtlMs / 3)
    try {
      return await task()
    } finally {
      clearInterval(renewal)
      await lock.release()
    }
  }

  async function callProvider(held: HeldTokens, provider: Provider): Promise<HeldTokens> {
    const user = userOf(held)
    try {
      const saved = await saver.save(held, await renewed(held.set, provider))
      resting.delete(provider.name)
      audit('token_refreshed', { user, provider: provider.name })
      return saved
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      audit('token_refresh_failed', { user, provider: provider.name, reason: error.message })
      if (error.failure === 'invalid_grant' || error.failure === 'wrong_user') return await refusedOrNewer(held, error)
      rest(provider, error)
      throw unavailable(provider, error)
    }
  }

  /** By its refresh token; without one, as long as the access token is good, the claims alone are looked at again. */
  async function renewed(set: TokenSet, provider: Provider): Promise<TokenSet> {
    if (set.refreshToken !== undefined) await budgets.get(provider.name)?.refresh(3 * provider.timeoutMs)
    const at = now()
    const sub = set.claims.sub === undefined ? undefined : String(set.claims.sub)
    if (set.refreshToken !== undefined) {
      return renewedTokenSet(set, await provider.refresh(set.refreshToken, { sub, scopes: set.scopes }), at)
    }
    if (set.expiresAt <= at || sub === undefined) throw new GatewayError('session_ended')
    const claims = await provider.recheck(set.accessToken, sub)
    return { ...set, claims: claims ?? set.claims, claimsAt: at }
  }

  /** `invalid_grant`: marked refused, and kept, unless another replica was faster; then what that one stored is used. */
  async function refusedOrNewer(held: HeldTokens, error: ProviderError): Promise<HeldTokens> {
    const reason = error.error ?? error.failure
    const refused = await store.writeTokens(
      held.user,
      held.provider,
      held.set,
      { version: held.version },
      {
        refusedBecause: reason,
      },
    )
    const current = refused ?? (await store.readTokens(held.user, held.provider))
    if (current?.state === 'live') return current
    audit('token_set_ended', { user: userOf(held), provider: held.provider, reason })
    throw new GatewayError('session_ended', { cause: error })
  }

  function rest(provider: Provider, error: ProviderError): void {
    // Calls that were under way together fail together, which is one failure.
    const failures = (resting.get(provider.name)?.failures ?? 0) + (isResting(provider) ? 0 : 1)
    const asked = Math.min(error.retryAfterSeconds ?? 0, maxRetryAfterSeconds) * 1000
    const own = (backOffMs[failures - 1] ?? longestBackOffMs) * (0.5 + Math.random() / 2)
    resting.set(provider.name, { until: now() + Math.max(asked, own), failures })
  }

  function isResting({ name }: Provider): boolean {
    return (resting.get(name)?.until ?? 0) > now()
  }

  function unavailable({ name }: Provider, cause?: ProviderError): GatewayError {
    const restMs = (resting.get(name)?.until ?? 0) - now()
    return new GatewayError('provider_unavailable', { cause, retryAfterSeconds: Math.max(1, Math.ceil(restMs / 1000)) })
  }
}

/** For the audit. A connection whose provider says nothing of users has no other name than its record's. */
function userOf({ user, provider, set }: HeldTokens): string {
  return set.claims.sub === undefined ? user : userKey(provider, String(set.claims.sub))
}
