import { decodeJwt, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose'
import { GatewayError } from '../../core/errors.ts'
import type { Clock } from '../../core/ports.ts'
import { type PresentedToken, ProviderError } from '../../core/provider.ts'
import type { ProviderSettings } from '../../core/provider-settings.ts'
import { sha256 } from '../../core/secret.ts'
import { algorithms, leewaySeconds } from './id-token.ts'
import { type SigningKeys, unknownKeyPauseMs } from './signing-keys.ts'

/** What was found out about a token once, and until when that holds. */
interface Verified {
  readonly token: PresentedToken
  readonly audience: readonly string[]
  readonly until: number
}

type Settings = Pick<
  ProviderSettings,
  'name' | 'title' | 'issuer' | 'clientId' | 'authorizeParams' | 'isCognito' | 'timeoutMs'
>

const maxRemembered = 10_000
const rememberedMs = 5 * 60_000

/**
 * Verifies access tokens of one provider that clients present (RFC 9068 section 4, and Cognito's form of them). What a
 * token says is remembered by its hash, of this one issuer; whom it must be meant for is looked at each time.
 */
export function createPresentedTokenVerifier(settings: Settings, keys: SigningKeys, now: Clock) {
  const { name, title, issuer, clientId, authorizeParams, isCognito } = settings
  // What sign-ins ask for: RFC 8707, and Auth0's form of it.
  const ours = [clientId, authorizeParams.resource, authorizeParams.audience].filter((id) => id !== undefined)
  const remembered = new Map<string, Verified>()

  return async function verifyPresented(
    bearer: string,
    listed: readonly string[],
    jwksUri: () => Promise<string | undefined>,
  ): Promise<PresentedToken> {
    const { token, audience } = recalled(bearer) ?? (await verified(bearer, jwksUri))
    const isKnown = (id: string) => ours.includes(id) || listed.includes(id)
    // A token of Cognito's names the client; an audience only where the sign-in asked for one.
    const isForUs = isCognito
      ? isKnown(token.clientId ?? '') && (audience.length === 0 || audience.some(isKnown))
      : audience.some(isKnown)
    if (!isForUs) throw invalid('it is meant for others')
    return token
  }

  function recalled(bearer: string): Verified | undefined {
    const hash = sha256(bearer)
    const found = remembered.get(hash)
    if (found === undefined || found.until <= now()) return undefined
    // The one that was not used for longest is the first.
    remembered.delete(hash)
    remembered.set(hash, found)
    return found
  }

  async function verified(bearer: string, jwksUri: () => Promise<string | undefined>): Promise<Verified> {
    try {
      if (issuer === undefined || decodeJwt(bearer).iss !== issuer) throw new Error('it is of another issuer')
      const key = keys((await jwksUri()) ?? `${issuer}/.well-known/jwks.json`, unknownKeyPauseMs)
      const { payload, protectedHeader } = await jwtVerify(bearer, key, {
        issuer,
        algorithms,
        clockTolerance: leewaySeconds,
        currentDate: new Date(now()),
        requiredClaims: ['exp'],
      })
      if (!(isCognito ? payload.token_use === 'access' : isAccessToken(payload, protectedHeader))) {
        throw new Error('it is no access token')
      }
      return remember(bearer, payload)
    } catch (cause) {
      if (!(cause instanceof ProviderError)) throw invalid(String(cause))
      throw new GatewayError('provider_unavailable', { cause, provider: { name, title } })
    }
  }

  function remember(bearer: string, payload: JWTPayload): Verified {
    const { exp = 0, aud = [] } = payload
    const found = {
      token: presentedToken(payload, isCognito),
      audience: [aud].flat(),
      until: Math.min(exp * 1000, now() + rememberedMs),
    }
    const [oldest] = remembered.keys()
    if (oldest !== undefined && remembered.size >= maxRemembered) remembered.delete(oldest)
    remembered.set(sha256(bearer), found)
    return found
  }
}

/** The log has the reason; the error of the library, which holds the claims, stays out of it. */
function invalid(reason: string): GatewayError {
  return new GatewayError('invalid_token', { cause: new Error(`the presented token does not verify: ${reason}`) })
}

/** An ID token has our client ID for an audience, too: an access token is one that says so, or has what ID tokens have not. */
function isAccessToken(claims: JWTPayload, { typ }: JWTHeaderParameters): boolean {
  // Bound to a key that we cannot ask for (RFC 9449, RFC 8705).
  if (claims.cnf !== undefined) return false
  if (/^(application\/)?at\+jwt$/i.test(typ ?? '')) return true
  const ofIdTokens = ['nonce', 'at_hash', 'c_hash', 'events'].some((name) => claims[name] !== undefined)
  // Keycloak's kinds of token.
  const isOtherKind = claims.typ !== undefined && claims.typ !== 'Bearer'
  return (
    !ofIdTokens && !isOtherKind && [claims.scope, claims.scp, claims.client_id].some((value) => value !== undefined)
  )
}

function presentedToken(claims: JWTPayload, isCognito: boolean): PresentedToken {
  // `azp` for Auth0, Keycloak and Entra ID, `cid` for Okta.
  const clientId = [claims.client_id, claims.azp, claims.cid].find((value) => typeof value === 'string')
  const scopes = [claims.scope ?? claims.scp ?? []].flat().flatMap((value) => String(value).split(' '))
  return { claims, scopes, clientId, hasUser: hasUser(claims, clientId, isCognito) }
}

/** False for client credentials: RFC 9068 section 2.2, and what Auth0, Entra ID and Keycloak do. */
function hasUser(claims: JWTPayload, clientId: string | undefined, isCognito: boolean): boolean {
  const { sub, gty, idtyp, preferred_username: username } = claims
  if (sub === undefined || sub === clientId) return false
  if (isCognito) return claims.username !== undefined
  return gty !== 'client-credentials' && idtyp !== 'app' && username !== `service-account-${clientId}`
}
