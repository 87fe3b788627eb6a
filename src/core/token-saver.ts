import { GatewayError } from './errors.ts'
import type { HeldTokens } from './held-records.ts'
import type { Sleep } from './ports.ts'
import type { Revoke } from './revoke.ts'
import { refreshMark, type TokenSet } from './token-set.ts'
import type { UserStore } from './user-store.ts'

interface TokenSaverOptions {
  readonly store: UserStore
  readonly revoke: Revoke
  readonly sleep: Sleep
}

/** A refreshed set that the store could not take yet, and the stored one whose refresh token brought it. */
interface Unsaved {
  readonly sent: HeldTokens
  readonly held: HeldTokens
}

const retryMs = [1_000, 2_000, 5_000]

/** A provider may honour a refresh token once only: what it brought must not get lost while the store is away. */
export function createTokenSaver({ store, revoke, sleep }: TokenSaverOptions) {
  const unsaved = new Map<string, Unsaved>()

  /** The set to use: the stored one, or the one that waits to take its place. */
  function newest(stored: HeldTokens): HeldTokens {
    const waiting = unsaved.get(keyOf(stored))
    return waiting !== undefined && isReplaced(stored, waiting) ? waiting.held : stored
  }

  /**
   * Saves the set that the refresh token of `sent` brought, and gives what is stored then. While the store is away it
   * is used from here and saved as soon as possible. Throws `session_ended` when a person ended it meanwhile.
   */
  async function save(sent: HeldTokens, set: TokenSet): Promise<HeldTokens> {
    try {
      return await replace(sent, set)
    } catch (error) {
      if (!isAway(error)) throw error
    }
    const waiting = { sent, held: { ...sent, version: sent.version + 1, set } }
    unsaved.set(keyOf(sent), waiting)
    void saveLater(waiting)
    return waiting.held
  }

  /**
   * Saves what waits for this user and provider, if anything, before the stored refresh token is used again.
   * Throws `store_unavailable` when it cannot be saved yet.
   */
  async function flush(held: HeldTokens): Promise<void> {
    const waiting = unsaved.get(keyOf(held))
    if (waiting === undefined) return
    try {
      const stored = await store.readTokens(held.user, held.provider)
      if (stored === undefined || isReplaced(stored, waiting)) await replace(waiting.sent, waiting.held.set)
    } catch (error) {
      if (isAway(error)) throw error
    }
    unsaved.delete(keyOf(held))
  }

  async function saveLater(waiting: Unsaved): Promise<void> {
    for (let tries = 0; unsaved.get(keyOf(waiting.sent)) === waiting; tries++) {
      await sleep(retryMs[tries] ?? 5_000)
      await flush(waiting.sent).catch(() => undefined)
    }
  }

  async function replace(sent: HeldTokens, set: TokenSet): Promise<HeldTokens> {
    const { user, provider } = sent
    const written = await store.writeTokens(user, provider, set, { mark: refreshMark(sent.set) })
    if (written !== undefined) return written
    const current = await store.readTokens(user, provider)
    if (current?.state === 'live') return current
    revoke(user, provider, set)
    throw new GatewayError('session_ended')
  }

  return { newest, save, flush }
}

/** Whether what waits belongs in the place of the stored set: it came of the same refresh token, later. */
function isReplaced(stored: HeldTokens, { sent, held }: Unsaved): boolean {
  return refreshMark(stored.set) === refreshMark(sent.set) && stored.set.obtainedAt < held.set.obtainedAt
}

function isAway(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'store_unavailable'
}

function keyOf({ user, provider }: HeldTokens): string {
  return `${user}/${provider}`
}
