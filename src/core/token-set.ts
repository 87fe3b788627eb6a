import type { Claims } from './claims.ts'
import type { Provider, ProviderTokens } from './provider.ts'
import { sha256 } from './secret.ts'

/** The tokens of one user at one provider. Times in milliseconds since the epoch, by our clock. */
export interface TokenSet {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly scopes: readonly string[]
  /** The newest verified claims; empty for a provider that says nothing of users. */
  readonly claims: Claims
  /** When the claims were verified. Absent for a connection: nobody signs in with it, so nobody asks. */
  readonly claimsAt: number | undefined
  /** Fingerprint of the issuer and client that gave it; it is sent nowhere else. */
  readonly client: string
  readonly obtainedAt: number
  readonly expiresAt: number
  /** When the provider stops honouring the refresh token, as far as we know. */
  readonly endsAt: number
}

/** `fresh`: use it. `ageing`: use it and refresh in the background. `over`: refresh before use. */
export type Freshness = 'fresh' | 'ageing' | 'over'

/** For how long at most a set that has ended is kept for its revocation, while its provider does not answer. */
export const setAsideMs = 7 * 24 * 3_600_000

const ageingMs = 60_000
const ageingShare = 0.2

/** How fresh a set is: ageing begins when 20 % of its life, or 60 s if that is less, is left. */
export function freshness(set: TokenSet, now: number, claimsMaxAgeMs: number): Freshness {
  if (set.expiresAt <= now) return 'over'
  // The tokens are good, and there is nothing to wait for: the claims are looked at again as soon as that is possible.
  if (isUnverified(set)) return 'ageing'
  return freshnessOf(lifeOf(set, claimsMaxAgeMs), now)
}

/** When a set stops being fresh; long ago for one that never is. Milliseconds since the epoch. */
export function freshUntil(set: TokenSet, claimsMaxAgeMs: number): number {
  return isUnverified(set) ? 0 : Math.min(set.expiresAt, ageingFrom(lifeOf(set, claimsMaxAgeMs)))
}

/** How fresh the access token is, whatever the claims are. */
export function tokenFreshness({ obtainedAt, expiresAt }: TokenSet, now: number): Freshness {
  return freshnessOf({ from: obtainedAt, until: expiresAt }, now)
}

/** From when until when something is good. Milliseconds since the epoch. */
interface Life {
  readonly from: number
  readonly until: number
}

function lifeOf({ obtainedAt, expiresAt, claimsAt, refreshToken }: TokenSet, claimsMaxAgeMs: number): Life {
  const from = Math.max(obtainedAt, claimsAt ?? 0)
  const until = claimsAt === undefined ? Number.POSITIVE_INFINITY : claimsAt + claimsMaxAgeMs
  // Without a refresh token only the claims can be renewed.
  return { from, until: refreshToken === undefined ? until : Math.min(expiresAt, until) }
}

function freshnessOf(life: Life, now: number): Freshness {
  if (life.until <= now) return 'over'
  return now < ageingFrom(life) ? 'fresh' : 'ageing'
}

function ageingFrom({ from, until }: Life): number {
  return until - Math.min(ageingMs, (until - from) * ageingShare)
}

/** The claims are older than the tokens: they could not be verified when these came. */
export function isUnverified({ claimsAt, obtainedAt }: TokenSet): boolean {
  return claimsAt !== undefined && claimsAt < obtainedAt
}

/** What identifies a refresh token without giving it away. Empty for none. */
export function refreshMark(set: TokenSet): string {
  return set.refreshToken === undefined ? '' : sha256(set.refreshToken)
}

/** The token set of a sign-in, or of a connection, whose tokens were asked for at `at`. */
export function newTokenSet(
  tokens: ProviderTokens,
  provider: Provider,
  at: number,
  use: 'sign_in' | 'connection',
): TokenSet {
  const endsAt = at + provider.refreshLifetimeMs
  return {
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    idToken: tokens.idToken,
    scopes: tokens.scopes,
    claims: tokens.claims ?? {},
    claimsAt: use === 'sign_in' ? at : undefined,
    client: provider.client,
    obtainedAt: at,
    expiresAt: expiryOf(tokens.expiresInSeconds, at, endsAt),
    endsAt,
  }
}

/** The set after a refresh that was asked for at `at`. What the answer does not bring stays. */
export function renewedTokenSet(set: TokenSet, tokens: ProviderTokens, at: number): TokenSet {
  return {
    ...set,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken ?? set.refreshToken,
    idToken: tokens.idToken ?? set.idToken,
    scopes: tokens.scopes,
    claims: tokens.claims ?? set.claims,
    claimsAt: set.claimsAt === undefined || tokens.claimsUnverified ? set.claimsAt : at,
    obtainedAt: at,
    expiresAt: expiryOf(tokens.expiresInSeconds, at, set.endsAt),
  }
}

/**
 * The end of an access token's use, by our clock. Nothing said: until the set ends. Nothing sensible (0, negative):
 * a minute, so that nobody asks all the time.
 */
function expiryOf(expiresInSeconds: number | undefined, at: number, endsAt: number): number {
  if (expiresInSeconds === undefined) return endsAt
  const seconds = expiresInSeconds >= 1 ? Math.floor(expiresInSeconds) : 60
  return Math.min(at + seconds * 1000, endsAt)
}
