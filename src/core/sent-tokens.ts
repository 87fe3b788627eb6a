import type { HeldTokens } from './held-records.ts'
import type { Locks } from './ports.ts'

/** A refresh token is being sent. */
export interface Sending {
  /** As far as anyone knows, it was not sent before. */
  readonly isFirst: boolean
  /** Says that it is known what came of it: new tokens that are saved, or none that anyone has. Never throws. */
  settle(): Promise<void>
}

const againWithinMs = 60_000
const heldBackMs = 120_000

/**
 * Remembers, for all replicas, which refresh tokens were sent while nobody has said what came of it: who sent one may have
 * died, or may have an answer that it cannot save. Such a token is sent once more, and only within 60 s of the first
 * time, which is how long providers honour one that they have replaced. After that it is held back for as long as who
 * sent it may still come back with the answer. See docs/decisions/0016-unknown-outcomes.md.
 */
export function createSentTokens(locks: Locks) {
  /** With the lock of the token set only. `undefined`: not now. Throws `store_unavailable`. */
  return async function beginSending({ user, provider, version }: HeldTokens): Promise<Sending | undefined> {
    const place = (name: string, ttlMs: number) => locks.acquire(user, `${provider}.${version}.${name}`, ttlMs)
    const recent = await place('recent', againWithinMs)
    const sent = await place('sent', heldBackMs)
    if (sent !== undefined) {
      return { isFirst: true, settle: async () => void (await Promise.all([recent?.release(), sent.release()])) }
    }
    if (recent !== undefined) {
      await recent.release()
      return undefined
    }
    const again = await place('again', heldBackMs)
    return again && { isFirst: false, settle: () => again.release() }
  }
}
