import type { FreshTokens } from './fresh-tokens.ts'
import type { HeldTokens } from './held-records.ts'
import type { Clock } from './ports.ts'

/** What to do about tokens that an upstream refuses. See `createRefusedTokens`. */
export type RefusedTokens = ReturnType<typeof createRefusedTokens>

const youngMs = 30_000
const barredMs = 300_000
const maxBarred = 10_000

/**
 * An upstream that answers 401 to a token may know that it was revoked: it is renewed, once per version, however good
 * it looked. One that refuses new tokens as well has another reason, and is not let use the provider up.
 */
export function createRefusedTokens(freshTokens: FreshTokens, now: Clock) {
  /** Sets whose renewed tokens were refused as well, and until when that stops us from trying again. */
  const barred = new Map<string, number>()
  const keyOf = ({ user, provider }: HeldTokens) => `${user}/${provider}`

  return {
    /** A newer version of a refused set; `undefined` when there is no use in one. Throws as `FreshTokens` does. */
    async renew(refused: HeldTokens): Promise<HeldTokens | undefined> {
      if (refused.set.refreshToken === undefined || now() - refused.set.obtainedAt < youngMs) return undefined
      if ((barred.get(keyOf(refused)) ?? 0) > now()) return undefined
      return freshTokens(refused, { force: true })
    },

    /** A renewed set was refused, too. */
    refusedAgain(renewed: HeldTokens): void {
      if (barred.size >= maxBarred) barred.clear()
      barred.set(keyOf(renewed), now() + barredMs)
    },
  }
}
