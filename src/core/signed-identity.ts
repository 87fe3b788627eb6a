import { sign } from 'node:crypto'
import type { Guard } from './guard.ts'
import type { Identity } from './identity.ts'
import type { IdentityKey, IdentityKeys } from './identity-keys.ts'
import type { Passage } from './passage.ts'
import type { Clock } from './ports.ts'
import type { GuardedRoute } from './route.ts'

/** Who a user is, and what an MCP client may do for them, as a JWT for the upstream of a route. Throws `store_unavailable`. */
export type SignIdentity = (route: GuardedRoute, user: Identity, grant?: Passage['grant']) => Promise<string>

interface SignIdentityOptions {
  readonly keys: IdentityKeys
  /** Our origin, as people see it. */
  readonly issuer: string
  readonly now: Clock
}

const lifeSeconds = 60
/** A token that lasts less long is not used again: it has to reach the upstream, whose clock may be ahead. */
const reuseMs = 30_000
const maxRemembered = 10_000
/** Its payload; in base64url and with the rest the token stays below what is usual for headers. */
const maxPayloadBytes = 5_500

/** Signs `X-Toolgate-Identity` (RFC 7519, ES256 of RFC 7518), once for all requests of a user within half a minute. */
export function createSignIdentity({ keys, issuer, now }: SignIdentityOptions): SignIdentity {
  const remembered = new Map<string, { readonly jwt: string; readonly until: number }>()

  return async function signIdentity(route, user, grant) {
    const claims = { iss: issuer, aud: route.name, ...claimsOf(user, grant) }
    const facts = JSON.stringify(claims)
    const known = remembered.get(facts)
    if (known !== undefined && now() < known.until) return known.jwt
    const iat = Math.floor(now() / 1000)
    const jwt = signed({ ...claims, iat, exp: iat + lifeSeconds }, await keys.current())
    const [oldest] = remembered.keys()
    // Taken out first, so that the oldest stays the first.
    if (!remembered.delete(facts) && oldest !== undefined && remembered.size >= maxRemembered) remembered.delete(oldest)
    remembered.set(facts, { jwt, until: (iat + lifeSeconds) * 1000 - reuseMs })
    return jwt
  }
}

/** A guard whose passages carry the user's signed identity, where the route has one. */
export function withSignedIdentity(guard: Guard, signIdentity: SignIdentity): Guard {
  return {
    ...guard,
    async admit(route, request, how) {
      const passage = await guard.admit(route, request, how)
      if (passage === undefined || route.identity === 'none') return passage
      return { ...passage, signedIdentity: await signIdentity(route, passage.user, passage.grant) }
    },
  }
}

/**
 * What identity headers say of a user, under their OpenID Connect names, and who acts for them with which scopes (RFC
 * 8693 sections 4.2 and 4.3). What does not fit is left out.
 */
function claimsOf({ key, profile }: Identity, grant: Passage['grant']): Readonly<Record<string, unknown>> {
  const { email, name, preferredUsername, groups } = profile
  const client = grant && { client_id: grant.clientId, scope: grant.scopes.join(' ') || undefined }
  const facts = {
    ...client,
    email,
    name,
    preferred_username: preferredUsername,
    groups: groups.length > 0 ? groups : undefined,
  }
  const claims: Record<string, unknown> = { sub: key }
  let bytes = 0
  for (const [claim, value] of Object.entries(facts)) {
    const size = Buffer.byteLength(JSON.stringify(value) ?? '')
    if (size === 0 || bytes + size > maxPayloadBytes) continue
    bytes += size
    claims[claim] = value
  }
  return claims
}

function signed(payload: object, { kid, privateKey }: IdentityKey): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part({ alg: 'ES256', typ: 'JWT', kid })}.${part(payload)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
