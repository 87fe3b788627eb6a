import { decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'
import { GatewayError } from '../../core/errors.ts'
import type { Clock } from '../../core/ports.ts'
import { type LogoutToken, ProviderError } from '../../core/provider.ts'
import type { ProviderSettings } from '../../core/provider-settings.ts'
import { algorithms, leewaySeconds } from './id-token.ts'
import { type SigningKeys, unknownKeyPauseMs } from './signing-keys.ts'

/** What is said to have happened. */
const event = 'http://schemas.openid.net/event/backchannel-logout'
/** How old a token may be, for one that says nothing of when it ends. */
const maxAgeSeconds = 120

/**
 * Verifies logout tokens of one provider (OpenID Connect Back-Channel Logout 1.0 section 2.6), but for their having been
 * used before. Throws GatewayError `invalid_token`, and `provider_unavailable` when the keys cannot be had.
 */
export function createLogoutTokenVerifier(
  { name, title, clientId }: Pick<ProviderSettings, 'name' | 'title' | 'clientId'>,
  issuer: string,
  keys: SigningKeys,
  now: Clock,
) {
  return async function verifyLogoutToken(
    token: string,
    jwksUri: () => Promise<string | undefined>,
  ): Promise<LogoutToken> {
    try {
      // What it says first: nobody asks for a key because of a token that is no good whoever signed it.
      checkType(decodeProtectedHeader(token).typ)
      checkClaims(decodeJwt(token))
      const key = keys((await jwksUri()) ?? `${issuer}/.well-known/jwks.json`, unknownKeyPauseMs)
      const { payload } = await jwtVerify(token, key, {
        issuer,
        audience: clientId,
        algorithms,
        clockTolerance: leewaySeconds,
        currentDate: new Date(now()),
        maxTokenAge: maxAgeSeconds,
      })
      const { jti, sub, sid } = checkClaims(payload)
      return { jti, sub, sid, endsAt: now() + (maxAgeSeconds + 2 * leewaySeconds) * 1000 }
    } catch (cause) {
      if (cause instanceof ProviderError) {
        throw new GatewayError('provider_unavailable', { cause, provider: { name, title } })
      }
      // The error of the library holds the claims: it stays out of the log.
      const owner = `the logout token is no good: ${cause instanceof Error ? cause.message : 'unreadable'}`
      throw new GatewayError('invalid_token', { owner, cause: new Error(owner) })
    }
  }

  function checkClaims({ iss, aud, iat, events, nonce, jti, sub, sid }: JWTPayload) {
    if (iss !== issuer) throw new Error('it is of another issuer')
    if (![aud].flat().includes(clientId)) throw new Error('it is meant for another client')
    if (typeof iat !== 'number' || iat * 1000 < now() - (maxAgeSeconds + leewaySeconds) * 1000) {
      throw new Error('it is too old')
    }
    const about = (events as Record<string, unknown> | undefined)?.[event]
    if (typeof about !== 'object' || about === null) {
      throw new Error('it does not say that it is about a logout')
    }
    if (nonce !== undefined) throw new Error('it has a nonce, as ID tokens have')
    if (typeof jti !== 'string' || jti === '') throw new Error('it has no jti')
    const subject = typeof sub === 'string' && sub !== '' ? sub : undefined
    const session = typeof sid === 'string' && sid !== '' ? sid : undefined
    if (subject === undefined && session === undefined) throw new Error('it has neither sub nor sid')
    return { jti, sub: subject, sid: session }
  }
}

/** Absent and `JWT` were usual before the type was registered. */
function checkType(typ: unknown): void {
  if (typ !== undefined && !/^((application\/)?logout\+jwt|JWT)$/i.test(String(typ))) {
    throw new Error('its type is another')
  }
}
