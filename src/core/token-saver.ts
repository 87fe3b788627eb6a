import { GatewayError } from './errors.ts'
import type { HeldTokens } from './held-records.ts'
import type { Sleep } from './ports.ts'
import type { Revoke } from './revoke.ts'
import type { TokenSet } from './token-set.ts'
import type { UserStore } from './user-store.ts'

interface TokenSaverOptions {
  readonly store: UserStore
  readonly revoke: Revoke
  readonly sleep: Sleep
}

/** A renewed set, and the stored one whose refresh token brought it. */
interface Kept {
  readonly sent: HeldTokens
  readonly held: HeldTokens
  /** The store took it. It may still lose it: in a failover, a replica that knew less goes on. */
  isSaved: boolean
}

const retryMs = [1_000, 2_000, 5_000]
const confirmMs = 60_000
const lastTries = 25
const lastTryMs = 1_000

/**
 * A provider may honour a refresh token once only: what it brought must not get lost while the store is away, nor with
 * what a store forgets when it restarts or fails over. A renewed set is kept here until a minute after it was saved.
 */
export function createTokenSaver({ store, revoke, sleep }: TokenSaverOptions) {
  const all = new Map<string, Kept>()

  /** The set to use: the stored one, or the one that belongs in its place. */
  function newest(stored: HeldTokens): HeldTokens {
    const kept = all.size === 0 ? undefined : all.get(keyOf(stored))
    return kept !== undefined && isOlder(stored, kept) ? kept.held : stored
  }

  /**
   * Saves the set that the refresh token of `sent` brought, and gives what is stored then. While the store is away it
   * is used from here and saved as soon as possible. Throws `session_ended` when a person ended it meanwhile.
   */
  async function save(sent: HeldTokens, set: TokenSet): Promise<{ held: HeldTokens; isSaved: boolean }> {
    const unsaved = { ...sent, version: sent.version + 1, set }
    try {
      const held = await replace({ sent, held: unsaved })
      if (held.set === set) keep({ sent, held, isSaved: true })
      return { held, isSaved: true }
    } catch (error) {
      if (!isAway(error)) throw error
      keep({ sent, held: unsaved, isSaved: false })
      return { held: unsaved, isSaved: false }
    }
  }

  function keep(kept: Kept): void {
    all.set(keyOf(kept.sent), kept)
    void watch(kept)
  }

  async function watch(kept: Kept): Promise<void> {
    for (let tries = 0; all.get(keyOf(kept.sent)) === kept; tries++) {
      await sleep(kept.isSaved ? confirmMs : (retryMs[tries] ?? 5_000))
      if (all.get(keyOf(kept.sent)) === kept) await flush(kept.sent).catch(() => undefined)
    }
  }

  /**
   * Makes sure that what is kept for this user and provider is what is stored, unless something newer is or nothing:
   * what is absent stays absent. Throws `store_unavailable` when that cannot be done yet.
   */
  async function flush(held: HeldTokens): Promise<void> {
    const kept = all.get(keyOf(held))
    if (kept === undefined) return
    try {
      const stored = await store.readTokens(held.user, held.provider)
      const isLost = stored === undefined && kept.isSaved
      if (!isLost && (stored === undefined || isOlder(stored, kept))) await replace(kept)
    } catch (error) {
      if (isAway(error)) throw error
    }
    if (all.get(keyOf(held)) !== kept) return
    if (kept.isSaved) all.delete(keyOf(held))
    kept.isSaved = true
  }

  /** For a process that ends: until everything is saved, for at most 25 seconds. */
  async function flushAll(): Promise<void> {
    for (let tries = 0; tries < lastTries; tries++) {
      const unsaved = [...all.values()].filter(({ isSaved }) => !isSaved)
      if (unsaved.length === 0) return
      await Promise.all(unsaved.map(({ sent }) => flush(sent).catch(() => undefined)))
      if (unsaved.some(({ isSaved }) => !isSaved)) await sleep(lastTryMs)
    }
  }

  /** Over the one it came of, also when that was marked refused since; never over anything newer, or a tombstone. */
  async function replace(kept: Pick<Kept, 'sent' | 'held'>): Promise<HeldTokens> {
    const { sent, held } = kept
    let { version } = sent
    for (;;) {
      const written = await store.writeTokens(held.user, held.provider, held.set, { version })
      if (written !== undefined) return written
      const current = await store.readTokens(held.user, held.provider)
      if (current !== undefined && isOlder(current, kept)) {
        version = current.version
      } else if (current?.state === 'live') {
        return current
      } else {
        revoke(held.user, held.provider, held.set)
        throw new GatewayError('session_ended')
      }
    }
  }

  return { newest, save, flush, flushAll }
}

/** Whether what is kept belongs in the place of the stored set: it came of the same tokens, later. */
function isOlder({ set }: HeldTokens, { sent, held }: Pick<Kept, 'sent' | 'held'>): boolean {
  const isOfSame =
    set.refreshToken === sent.set.refreshToken &&
    (set.refreshToken !== undefined || set.accessToken === sent.set.accessToken)
  const ahead = held.set.obtainedAt - set.obtainedAt || (held.set.claimsAt ?? 0) - (set.claimsAt ?? 0)
  return isOfSame && ahead > 0
}

function isAway(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'store_unavailable'
}

function keyOf({ user, provider }: HeldTokens): string {
  return `${user}/${provider}`
}
