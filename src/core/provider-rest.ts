import type { Clock } from './ports.ts'
import type { ProviderError } from './provider.ts'

/** Hears when a provider stops answering as it should, and when it does so again; once each. `detail` is for the log. */
export type OnProvider = (provider: string, answers: boolean, detail: string) => void

/** Who failed, or was failed by whom. */
interface Who {
  readonly user: string
  readonly provider: string
}

interface Rest {
  readonly until: number
  readonly failures: number
}

/** Not longer: when a provider is back, people are served again within seconds. */
const backOffMs = [1_000, 2_000, 4_000]
const longestMs = 4_000
const maxAskedMs = 60_000
const maxUsers = 10_000
/** What one user meets may be that user's alone; what a second one meets is not. */
const usersToRest = 2

/**
 * When a provider that failed may be called again: for the user that met it after 1 to 4 s, or what it asks for up to
 * 60 s. It rests for everyone once it has failed two users without serving any, or says itself that it means all of us;
 * then one call at a time tries whether it is back.
 */
export function createProviderRest(now: Clock, onProvider: OnProvider) {
  const users = new Map<string, Rest>()
  const failed = new Map<string, Set<string>>()
  const resting = new Map<string, Rest>()
  /** Calls that try whether a provider is back. */
  const tries = new Map<string, Promise<void>>()

  function restAfter(rest: Rest | undefined, { retryAfterSeconds = 0 }: ProviderError): Rest {
    // Calls that were under way together fail together, which is one failure.
    const isNext = rest === undefined || rest.until <= now()
    const failures = (rest?.failures ?? 0) + (isNext ? 1 : 0)
    const own = (backOffMs[failures - 1] ?? longestMs) * (0.5 + Math.random() / 2)
    return { until: now() + Math.max(Math.min(retryAfterSeconds * 1000, maxAskedMs), own), failures }
  }

  /** How long until this user's tokens may be refreshed there. Milliseconds, 0: now. */
  function leftMs(who: Who): number {
    const until = Math.max(users.get(keyOf(who))?.until ?? 0, resting.get(who.provider)?.until ?? 0)
    return Math.max(0, until - now())
  }

  function startTry(provider: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    tries.set(provider, promise)
    return () => {
      tries.delete(provider)
      resolve()
    }
  }

  return {
    leftMs,

    /**
     * Waits for the turn to call it; gives what to do when the call is over, or `undefined` where it may not be called.
     * While it is not known to be back, one call at a time tries, and the others wait for what comes of that.
     */
    async take(who: Who): Promise<(() => void) | undefined> {
      while (leftMs(who) === 0) {
        if (!resting.has(who.provider)) return () => undefined
        const tried = tries.get(who.provider)
        if (tried === undefined) return startTry(who.provider)
        await tried
      }
      return undefined
    },

    /** Whether this is the first failure of the user's since it last worked. */
    failed(who: Who, error: ProviderError): boolean {
      const key = keyOf(who)
      const known = users.get(key)
      users.delete(key)
      users.set(key, restAfter(known, error))
      for (const oldest of users.keys()) {
        if (users.size <= maxUsers) break
        users.delete(oldest)
      }
      if (isOfClaims(error)) return known === undefined
      const met = (failed.get(who.provider) ?? new Set()).add(who.user)
      failed.set(who.provider, met)
      if (meansEveryone(error) || met.size >= usersToRest) {
        if (!resting.has(who.provider)) onProvider(who.provider, false, error.message)
        resting.set(who.provider, restAfter(resting.get(who.provider), error))
      }
      return known === undefined
    },

    /** `isToken`: its token endpoint did, and not just what says who the user is. */
    worked(who: Who, isToken: boolean): void {
      users.delete(keyOf(who))
      if (!isToken) return
      failed.delete(who.provider)
      if (resting.delete(who.provider)) onProvider(who.provider, true, 'it answers again')
    },
  }
}

function meansEveryone({ status, error }: ProviderError): boolean {
  return status === 429 || error === 'invalid_client' || error === 'unauthorized_client'
}

/** Its keys or its user info could not be had. */
function isOfClaims({ step }: ProviderError): boolean {
  return step === 'id_token' || step === 'user_info'
}

function keyOf({ user, provider }: Who): string {
  return `${user}/${provider}`
}
