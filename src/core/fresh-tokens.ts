import type { Budget } from './budget.ts'
import { GatewayError } from './errors.ts'
import type { HeldTokens } from './held-records.ts'
import type { Audit, Clock, Locks, Sleep } from './ports.ts'
import type { Provider } from './provider.ts'
import { createProviderRest, type OnProvider } from './provider-rest.ts'
import { createRefresh } from './refresh.ts'
import type { Revoke } from './revoke.ts'
import { createSingleFlight } from './single-flight.ts'
import { createTokenSaver } from './token-saver.ts'
import { freshness, freshUntil } from './token-set.ts'
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
  readonly onProvider: OnProvider
}

/** Gives a usable version of a token set; `force`: a new one, however good it still is. See `createFreshTokens`. */
export type FreshTokens = (held: HeldTokens, options?: { readonly force: boolean }) => Promise<HeldTokens>

/**
 * Gives token sets that may be used now, refreshed at most once whoever asks, in any replica. A fresh set is given
 * back as it is; an ageing one too, and is refreshed in the background; one that is over is refreshed first.
 * Throws `session_ended` when the provider ended it, `provider_unavailable` when it cannot be refreshed now.
 */
export function createFreshTokens(options: FreshTokensOptions) {
  const { store, providers, revoke, claimsMaxAgeMs, now, sleep, onProvider } = options
  const inFlight = createSingleFlight<HeldTokens>()
  const running = new Set<Promise<HeldTokens>>()
  const saver = createTokenSaver({ store, revoke, sleep })
  const rest = createProviderRest(now, onProvider)
  const refresh = createRefresh({ ...options, saver, rest, providerOf })

  const freshTokens: FreshTokens = async (stored, { force } = { force: false }) => {
    const held = saver.newest(stored)
    const provider = providerOf(held)
    // What was renewed since it was asked for is not renewed once more.
    const age = force && held === stored ? 'over' : freshness(held.set, now(), claimsMaxAgeMs)
    if (age === 'fresh') return held
    const isGood = held.set.expiresAt > now()
    if (held.set.refreshToken === undefined && !isGood) throw new GatewayError('session_ended')
    if (age === 'ageing') {
      if (rest.leftMs(held) === 0) start().catch(() => undefined)
      return held
    }
    return await start().catch((error) => {
      // The claims are due, and nobody can be asked for them: as long as the access token is good, it is served.
      if (isGood && !force && error instanceof GatewayError && error.status === 503) return held
      throw error
    })

    function start(): Promise<HeldTokens> {
      const refreshing = inFlight(`${held.user}/${held.provider}`, () => refresh({ held, provider, force }))
      running.add(refreshing)
      const done = () => running.delete(refreshing)
      refreshing.then(done, done)
      return refreshing
    }
  }

  /** Whose the set is. Throws `session_ended` unless it is live and of the issuer and client that are configured. */
  function providerOf(held: HeldTokens): Provider {
    const provider = providers.get(held.provider)
    if (provider === undefined || held.state !== 'live') throw new GatewayError('session_ended')
    if (provider.client !== held.set.client)
      throw new GatewayError('session_ended', { cause: new Error(providerChanged) })
    return provider
  }

  /** For a process that ends: until no refresh runs and what they brought is saved. */
  async function settled(): Promise<void> {
    await Promise.allSettled(running)
    await saver.flushAll()
  }

  return {
    freshTokens,
    settled,
    /** Whether nothing newer is known than this. */
    isNewest: (held: HeldTokens) => saver.newest(held) === held,
    /** Until when `freshTokens` gives these back and does nothing, as long as they are the newest. */
    staysFreshUntil: ({ set }: HeldTokens) => freshUntil(set, claimsMaxAgeMs),
  }
}

/** Why a token set of another issuer or client than the configured one counts as ended. */
export const providerChanged = 'provider_changed'
