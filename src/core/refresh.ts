import type { Budget } from './budget.ts'
import { subjectOf } from './claims.ts'
import { GatewayError } from './errors.ts'
import type { HeldTokens } from './held-records.ts'
import type { Audit, Clock, Lock, Locks, Sleep } from './ports.ts'
import { type Provider, ProviderError } from './provider.ts'
import type { createProviderRest } from './provider-rest.ts'
import { createSentTokens } from './sent-tokens.ts'
import { userKey } from './session.ts'
import type { createTokenSaver } from './token-saver.ts'
import { freshness, isUnverified, renewedTokenSet, type TokenSet, tokenFreshness } from './token-set.ts'
import type { UserStore } from './user-store.ts'

interface RefreshOptions {
  readonly store: UserStore
  readonly locks: Locks
  readonly saver: ReturnType<typeof createTokenSaver>
  readonly rest: ReturnType<typeof createProviderRest>
  readonly budgets: ReadonlyMap<string, Budget>
  /** Whose the set is. Throws `session_ended` for one that may not be used. */
  readonly providerOf: (held: HeldTokens) => Provider
  readonly claimsMaxAgeMs: number
  readonly now: Clock
  readonly sleep: Sleep
  readonly audit: Audit
}

/** One refresh; `force`: however good the set still is. */
interface Task {
  readonly held: HeldTokens
  readonly provider: Provider
  readonly force: boolean
}

const lockTtlMs = 5_000
const waitMs = 100
const heldBackSeconds = 30

/** What may take so long in all: who waits then gets 503, and the lock is renewed no more. */
const patienceMs = ({ timeoutMs }: Provider) => 3 * timeoutMs

/**
 * Refreshes a token set under a lock that holds over all replicas, and saves it. Who waits for the lock gets what its
 * holder got. Throws `session_ended` when the provider ended it, `provider_unavailable` and `store_unavailable`.
 */
export function createRefresh(options: RefreshOptions) {
  const { store, locks, saver, rest, budgets, providerOf, claimsMaxAgeMs, now, sleep, audit } = options
  const beginSending = createSentTokens(locks)

  return async function refresh(task: Task): Promise<HeldTokens> {
    const { held, provider } = task
    if (rest.leftMs(held) > 0) throw unavailable(held)
    const deadline = now() + patienceMs(provider)
    for (let waited = false; ; waited = true) {
      const lock = await locks.acquire(held.user, held.provider, lockTtlMs)
      if (lock !== undefined) {
        const renewed = await whileHolding(lock, deadline, () => refreshAlone(task, lock, waited))
        if (renewed !== undefined) return renewed
      }
      const current = await readAgain(held)
      if (isRefreshed(current, held)) return current
      if (now() >= deadline) throw unavailable(held)
      await sleep(waitMs)
    }
  }

  async function whileHolding<T>(lock: Lock, deadline: number, work: () => Promise<T>): Promise<T> {
    const renewal = setInterval(() => now() < deadline && lock.renew().catch(() => undefined), lockTtlMs / 3)
    renewal.unref()
    try {
      return await work()
    } finally {
      clearInterval(renewal)
      await lock.release()
    }
  }

  /** With the lock; `undefined` when it was lost. What is not saved yet goes first: the stored token may be spent. */
  async function refreshAlone(task: Task, lock: Lock, waited: boolean): Promise<HeldTokens | undefined> {
    await saver.flush(task.held)
    const current = await readAgain(task.held)
    if (isRefreshed(current, task.held)) return current
    const isUnchanged = waited && current.version === task.held.version
    return await callProvider({ ...task, held: current }, lock, isUnchanged)
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

  async function callProvider(task: Task, lock: Lock, isUnchanged: boolean): Promise<HeldTokens | undefined> {
    const { held, provider } = task
    const user = userOf(held)
    const endTurn = await rest.take(held)
    if (endTurn === undefined) throw unavailable(held)
    try {
      const renewed = needsTokens(task) ? undefined : await recheckedClaims(task)
      const saved = renewed ? (await saver.save(held, renewed)).held : await exchanged(task, lock, isUnchanged)
      if (saved === undefined) return undefined
      rest.worked(held, renewed === undefined)
      audit('token_refreshed', { user, provider: provider.name })
      return saved
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      const ends = error.failure === 'invalid_grant' || error.failure === 'wrong_user'
      const isFirst = !ends && rest.failed(held, error)
      if (ends || isFirst) audit('token_refresh_failed', { user, provider: provider.name, reason: error.message })
      if (ends) return await refusedOrNewer(held, error)
      throw unavailable(held, { cause: error })
    } finally {
      endTurn()
    }
  }

  /** Whether the refresh token must be sent. Otherwise it is about the claims alone. */
  function needsTokens({ held: { set }, force }: Task): boolean {
    if (set.refreshToken === undefined) return false
    return force || !isUnverified(set) || tokenFreshness(set, now()) !== 'fresh'
  }

  /** `undefined` when there is need of the refresh token after all. */
  async function recheckedClaims({ held: { set }, provider }: Task): Promise<TokenSet | undefined> {
    const at = now()
    const { sub, nonce } = expected(set)
    if (set.refreshToken === undefined && (set.expiresAt <= at || sub === undefined)) {
      throw new GatewayError('session_ended')
    }
    const idToken = isUnverified(set) ? set.idToken : undefined
    try {
      const claims = await provider.recheck({ accessToken: set.accessToken, idToken }, { sub, nonce })
      return { ...set, claims: claims ?? set.claims, claimsAt: at }
    } catch (error) {
      const isOver = error instanceof ProviderError && error.failure === 'invalid_grant'
      if (isOver && set.refreshToken !== undefined) return undefined
      throw error
    }
  }

  /** New tokens for the refresh token, saved; `undefined` when the lock was lost before it was sent. */
  async function exchanged(
    { held, provider }: Task,
    lock: Lock,
    isUnchanged: boolean,
  ): Promise<HeldTokens | undefined> {
    const { set } = held
    await budgets.get(provider.name)?.refresh(patienceMs(provider) - provider.timeoutMs)
    const sending = await beginSending(held)
    if (sending === undefined) throw unavailable(held, { seconds: heldBackSeconds })
    const at = now()
    try {
      // Who had the lock before has said that nothing came of it: that is the result for those who waited, too.
      if (sending.isFirst && isUnchanged) throw unavailable(held)
      if (!(await lock.renew())) {
        await sending.settle()
        return undefined
      }
      const tokens = await provider.refresh(set.refreshToken ?? '', { ...expected(set), scopes: set.scopes })
      const { held: saved, isSaved } = await saver.save(held, renewedTokenSet(set, tokens, at))
      if (isSaved) void sending.settle()
      return saved
    } catch (error) {
      // Whatever came of it: nobody has new tokens.
      await sending.settle()
      throw error
    }
  }

  /** `invalid_grant`: marked refused, and kept, unless another replica was faster; then what that one stored is used. */
  async function refusedOrNewer(held: HeldTokens, error: ProviderError): Promise<HeldTokens> {
    const reason = error.error ?? error.failure
    const isSame = { version: held.version }
    const refused = await store.writeTokens(held.user, held.provider, held.set, isSame, { refusedBecause: reason })
    const current = refused ?? (await store.readTokens(held.user, held.provider))
    if (current?.state === 'live') return current
    audit('token_set_ended', { user: userOf(held), provider: held.provider, reason })
    throw new GatewayError('session_ended', { cause: error })
  }

  function unavailable(held: HeldTokens, options: { cause?: ProviderError; seconds?: number } = {}): GatewayError {
    const retryAfterSeconds = Math.max(1, options.seconds ?? Math.ceil(rest.leftMs(held) / 1000))
    return new GatewayError('provider_unavailable', { cause: options.cause, retryAfterSeconds })
  }
}

/** Whom new tokens must be about. */
function expected({ claims }: TokenSet): { readonly sub: string | undefined; readonly nonce: string | undefined } {
  return { sub: subjectOf(claims.sub), nonce: typeof claims.nonce === 'string' ? claims.nonce : undefined }
}

/** For the audit. A connection whose provider says nothing of users has no other name than its record's. */
function userOf({ user, provider, set }: HeldTokens): string {
  const sub = subjectOf(set.claims.sub)
  return sub === undefined ? user : userKey(provider, sub)
}
