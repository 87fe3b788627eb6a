/** What a provider said of a user, after its signature was verified. */
export type Claims = Readonly<Record<string, unknown>>

/** Which claim holds what, per provider. */
export interface ClaimNames {
  readonly user: string
  readonly email: string
  readonly name: string
  readonly groups: string
}

/** Who a user is, as rules, headers and pages need it. */
export interface Profile {
  readonly name: string | undefined
  /** Lower case; only when verified, or when the provider's owner trusts unverified ones. */
  readonly email: string | undefined
  readonly groups: readonly string[]
  readonly preferredUsername: string | undefined
}

/** Reads a profile from verified claims. */
export function profileOf(claims: Claims, names: ClaimNames, trustUnverifiedEmail: boolean): Profile {
  const verified = claims.email_verified === true || claims.email_verified === 'true'
  return {
    name: text(claims[names.name]),
    email: verified || trustUnverifiedEmail ? emailAddress(claims[names.email]) : undefined,
    groups: list(claims[names.groups]),
    preferredUsername: text(claims.preferred_username) ?? text(claims['cognito:username']),
  }
}

/**
 * The name of a user that a claim holds: text, or a whole number that came through exactly. Anything else names nobody:
 * all objects read alike as text, and so do large numbers next to each other.
 */
export function subjectOf(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : text(value)
}

/** The address in lower case when it has exactly one `@` with something on both sides. */
function emailAddress(value: unknown): string | undefined {
  return typeof value === 'string' && /^[^@\s]+@[^@\s]+$/.test(value) ? value.toLowerCase() : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function list(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}
