import type { Clock, ListedUser, RevocationList } from './ports.ts'
import { type Provider, ProviderError } from './provider.ts'
import type { SetAside, SetAsideTokens } from './set-aside.ts'

interface RevocationsOptions {
  readonly setAside: SetAside
  readonly list: RevocationList
  readonly providers: ReadonlyMap<string, Provider>
  readonly now: Clock
}

/** Revokes what was set aside. See `createRevocations`. */
export type Revocations = ReturnType<typeof createRevocations>

/** How many users one process takes at a time, and for how long it has them to itself. */
const takenAtOnce = 10
const takenForMs = 60_000

const backOffMs = [5_000, 15_000, 60_000, 300_000]
const maxRetryAfterMs = 300_000
/** Sealed with a key that another process may have. */
const unreadableMs = 300_000

/**
 * Revokes token sets that were set aside at the provider that gave them (RFC 7009), each until the provider has
 * answered. What is still to be done is in the store only, so that any process goes on where another has stopped.
 */
export function createRevocations({ setAside, list, providers, now }: RevocationsOptions) {
  /** Providers that failed us: when to call again, and how often they failed in a row. */
  const resting = new Map<string, { readonly until: number; readonly failures: number }>()
  let turn: Promise<void> | undefined

  /** All that is set aside of one user. Throws `store_unavailable`. */
  async function revokeAllOf(entry: ListedUser): Promise<void> {
    const waits: number[] = []
    for (const tokens of await setAside.list(entry.user)) waits.push(await revokeOne(tokens))
    const left = waits.filter((ms) => ms > 0)
    await list.settle(entry, left.length === 0 ? undefined : Math.min(...left))
  }

  /** How long to wait before the next try; 0 when there is nothing more to do. Milliseconds. */
  async function revokeOne(tokens: SetAsideTokens): Promise<number> {
    const { provider: providerName, set } = tokens
    if (set === undefined) return unreadableMs
    const provider = providers.get(providerName)
    // One of another issuer or client is sent nowhere.
    if (provider !== undefined && provider.client === set.client && set.refreshToken !== undefined) {
      const restMs = (resting.get(provider.name)?.until ?? 0) - now()
      const waitMs = restMs > 0 ? restMs : await call(provider, set.refreshToken)
      if (waitMs > 0) return waitMs
    }
    await setAside.remove(tokens)
    return 0
  }

  async function call(provider: Provider, refreshToken: string): Promise<number> {
    try {
      await provider.revoke(refreshToken)
    } catch (error) {
      if (!isFinal(error)) return rest(provider, error)
    }
    resting.delete(provider.name)
    return 0
  }

  function rest({ name }: Provider, error: unknown): number {
    const failures = (resting.get(name)?.failures ?? 0) + 1
    const askedMs = (error instanceof ProviderError && error.retryAfterSeconds ? error.retryAfterSeconds : 0) * 1000
    const ownMs = (backOffMs[Math.min(failures, backOffMs.length) - 1] ?? 0) * (0.5 + Math.random() / 2)
    const waitMs = Math.max(Math.min(askedMs, maxRetryAfterMs), ownMs)
    resting.set(name, { until: now() + waitMs, failures })
    return waitMs
  }

  async function takeTurn(): Promise<void> {
    for (;;) {
      const due = await list.take(takenAtOnce, takenForMs)
      for (const entry of due) await revokeAllOf(entry)
      if (due.length < takenAtOnce) return
    }
  }

  /** Revokes all that is due, unless that is under way. What the store or a provider does not answer now stays due. */
  async function revokeDue(): Promise<void> {
    turn ??= takeTurn()
      .catch(() => undefined)
      .finally(() => {
        turn = undefined
      })
    await turn
  }

  return {
    /** Starts on what was just set aside. Nobody waits for it. */
    start(entry: ListedUser): void {
      revokeAllOf(entry).catch(() => undefined)
    },

    revokeDue,

    /** Revokes what is due every `ms` milliseconds, until the function that it gives is called. */
    revokeEvery(ms: number): () => void {
      const timer = setInterval(revokeDue, ms)
      timer.unref()
      return () => clearInterval(timer)
    },
  }
}

/** These say that something is wrong with us, or with the provider, and nothing of the token (RFC 6749 section 5.2). */
const notOfTheToken = ['invalid_client', 'unauthorized_client', 'server_error', 'temporarily_unavailable']

/** The provider has answered, and would answer the same next time. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof ProviderError) || error.error === undefined) return false
  return error.failure === 'invalid_grant' || (error.failure === 'refused' && !notOfTheToken.includes(error.error))
}
