import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { type Claims, subjectOf } from '../../core/claims.ts'
import type { Clock } from '../../core/ports.ts'
import { ProviderError } from '../../core/provider.ts'
import { isEqualSecret } from '../../core/secret.ts'
import type { SigningKeys } from './signing-keys.ts'

/** What an ID token is checked against (OpenID Connect Core section 3.1.3.7). */
export interface IdTokenRules {
  /** The issuer, or what it must look like where it is learnt from the first token. */
  readonly issuer: string | RegExp | undefined
  readonly clientId: string
  /** Claims that must have exactly this value. */
  readonly requiredClaims: Readonly<Record<string, string>>
  readonly now: Clock
}

/** What one token must say beyond the rules. */
interface ExpectedIdToken {
  /** The nonce of the attempt: it must be there. */
  readonly nonce?: string
  /** That of the sign-in, at a refresh: it need not be there (OpenID Connect Core section 12.2). */
  readonly formerNonce?: string | undefined
  readonly sub?: string | undefined
}

/**
 * The verified claims. Throws ProviderError: `unavailable` when the keys cannot be had, `wrong_user` when the token is
 * not what it should be.
 */
export type VerifyIdToken = (
  idToken: string,
  expected: ExpectedIdToken,
  /** Where the keys are; else below the issuer, as Cognito has them. */
  jwksUri: string | undefined,
) => Promise<Claims>

/** A provider signs with its own key, not with a secret that clients know as well. */
export const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
export const leewaySeconds = 60
const step = 'id_token'

/** Verifies ID tokens of one provider. An issuer known by a test only is pinned by the first token that verifies. */
export function createIdTokenVerifier(rules: IdTokenRules, keys: SigningKeys): VerifyIdToken {
  let pinned = typeof rules.issuer === 'string' ? rules.issuer : undefined

  function issuerOf({ iss = '' }: JWTPayload): string {
    const test = rules.issuer
    if (pinned === undefined && test instanceof RegExp && test.test(iss)) return iss
    if (pinned !== iss)
      throw new ProviderError('wrong_user', { step, description: `the ID token's issuer is "${iss}"` })
    return iss
  }

  return async function verifyIdToken(idToken, expected, jwksUri) {
    try {
      // What it says must be right, also while nobody can tell who signed it.
      const said = decodeJwt(idToken)
      const issuer = issuerOf(said)
      checkClaims(said, expected)
      // It came from the token endpoint itself: a key that is new is worth asking for at once.
      const key = keys(jwksUri ?? `${issuer}/.well-known/jwks.json`, 0)
      const { payload } = await jwtVerify(idToken, key, {
        issuer,
        audience: rules.clientId,
        algorithms,
        clockTolerance: leewaySeconds,
        currentDate: new Date(rules.now()),
        requiredClaims: ['sub', 'exp', 'iat'],
      })
      pinned = issuer
      return payload
    } catch (cause) {
      throw cause instanceof ProviderError ? cause : translated(cause)
    }
  }

  function checkClaims(payload: JWTPayload, { nonce, formerNonce, sub }: ExpectedIdToken): void {
    const wrong = (description: string) => new ProviderError('wrong_user', { step, description })
    if (![payload.aud].flat().includes(rules.clientId)) throw wrong('the ID token is meant for another client')
    if (Array.isArray(payload.aud) && payload.aud.length > 1 && payload.azp !== rules.clientId) {
      throw wrong('the ID token is meant for several clients and azp is not us')
    }
    for (const [claim, value] of Object.entries(rules.requiredClaims)) {
      if (payload[claim] !== value) throw wrong(`the ID token's ${claim} is not "${value}"`)
    }
    if (nonce !== undefined && !isEqualSecret(String(payload.nonce ?? ''), nonce)) {
      throw wrong("the ID token's nonce is not the attempt's")
    }
    if (formerNonce !== undefined && payload.nonce !== undefined && payload.nonce !== formerNonce) {
      throw wrong("the ID token's nonce is not that of the sign-in")
    }
    if (sub !== undefined && subjectOf(payload.sub) !== sub) throw wrong("the ID token's sub is another user")
  }
}

/** The token itself is bad, as opposed to: its keys could not be fetched. */
const badToken = [
  errors.JWTInvalid,
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
]

function translated(cause: unknown): ProviderError {
  if (badToken.some((kind) => cause instanceof kind)) {
    return new ProviderError('wrong_user', {
      step,
      cause,
      description: `the ID token does not verify: ${String(cause)}`,
    })
  }
  return new ProviderError('unavailable', { step, cause, description: 'the signing keys could not be fetched' })
}
