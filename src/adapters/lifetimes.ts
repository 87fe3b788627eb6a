/** How long a tombstone stays: longer than any writer that has not heard of the end can be under way. */
export const tombstoneMs = 3_600_000

/** Redis takes whole milliseconds and refuses zero: what has no time left lives for one. */
export function lifetimeMs(ttlMs: number): number {
  return Math.max(1, Math.ceil(ttlMs))
}
