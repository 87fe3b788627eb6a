import type { Claims } from './claims.ts'
import { sha256 } from './secret.ts'

/** The tokens of one user at one provider. Times in milliseconds since the epoch, by our clock. */
export interface TokenSet {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly scopes: readonly string[]
  /** The newest verified claims. */
  readonly claims: Claims
  /** Fingerprint of the issuer and client that gave it; it is sent nowhere else. */
  readonly client: string
  readonly obtainedAt: number
  readonly expiresAt: number
  /** When the provider stops honouring the refresh token, as far as we know. */
  readonly endsAt: number
}

/** `fresh`: use it. `ageing`: use it and refresh in the background. `over`: refresh before use. */
export type Freshness = 'fresh' | 'ageing' | 'over'

const ageingMs = 60_000
const ageingShare = 0.2

/** How fresh a set is: ageing begins when 20 % of its life, or 60 s if that is less, is left. */
export function freshness(set: TokenSet, now: number): Freshness {
  const left = set.expiresAt - now
  if (left <= 0) return 'over'
  const ageing = Math.min(ageingMs, (set.expiresAt - set.obtainedAt) * ageingShare)
  return left > ageing ? 'fresh' : 'ageing'
}

/** What identifies a refresh token without giving it away. Empty for none. */
export function refreshMark(set: TokenSet): string {
  return set.refreshToken === undefined ? '' : sha256(set.refreshToken)
}

/**
 * The end of an access token's use: `expires_in` seconds from `at`, at least one second, and never beyond the time
 * after which claims are looked at again. Without a usable `expires_in` it is that time.
 */
export function expiryOf(expiresInSeconds: number | undefined, at: number, claimsMaxAgeMs: number): number {
  const seconds = Number.isFinite(expiresInSeconds) ? Number(expiresInSeconds) : Number.POSITIVE_INFINITY
  return at + Math.min(Math.max(Math.floor(seconds), 1) * 1000, claimsMaxAgeMs)
}
