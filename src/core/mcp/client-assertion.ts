import type { Clock, Locks } from '../ports.ts'
import { sha256 } from '../secret.ts'
import type { Client } from './client.ts'
import { OAuthError } from './oauth-error.ts'

/**
 * The claims of a JWT that one of a client's keys signed, with an algorithm of `signingAlgorithms`; `undefined` when none
 * did. Its times are not looked at. Throws `temporarily_unavailable` and `rate_limited` where the keys cannot be had.
 */
export type VerifySignature = (jwt: string, client: Client) => Promise<Readonly<Record<string, unknown>> | undefined>

/** Checks that a client signed an assertion, now, and for this issuer. Throws as `VerifySignature`, `invalid_client`, `store_unavailable`. */
export type CheckAssertion = (jwt: string, client: Client, issuer: string) => Promise<void>

interface CheckAssertionOptions {
  readonly verifySignature: VerifySignature
  readonly locks: Locks
  readonly now: Clock
  /** The token endpoint of an issuer. */
  readonly tokenEndpointOf: (issuer: string) => string
}

const maxLifeSeconds = 5 * 60
const leewaySeconds = 60

/** See `CheckAssertion` (RFC 7523 section 3; the audience is the issuer, or another's endpoint could pass it on). */
export function createCheckAssertion({
  verifySignature,
  locks,
  now,
  tokenEndpointOf,
}: CheckAssertionOptions): CheckAssertion {
  return async function checkAssertion(jwt, client, issuer) {
    const { id } = client
    const claims = await verifySignature(jwt, client)
    if (claims === undefined) throw refused('None of the keys of the client signed the assertion.')
    const { iss, sub, aud, exp, nbf, jti } = claims
    const seconds = now() / 1000
    if (iss !== id || sub !== id) throw refused('iss and sub must both be the client_id.')
    const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
    if (audiences.length !== 1 || !audiencesOf(client, issuer).has(audiences[0]))
      throw refused(`aud must be ${issuer}.`)
    if (typeof exp !== 'number' || exp + leewaySeconds <= seconds) throw refused('exp is missing or over.')
    if (exp > seconds + maxLifeSeconds + leewaySeconds) throw refused('exp must be within five minutes.')
    if (typeof nbf === 'number' && nbf - leewaySeconds > seconds) throw refused('nbf is not there yet.')
    if (typeof jti !== 'string' || jti === '') throw refused('jti is missing.')
    await useOnce(id, jti, exp * 1000 + leewaySeconds * 1000 - now())
  }

  /**
   * ChatGPT signs for the token endpoint. It may come without an assertion as well: whoever got hold of one gains nothing
   * by it. A client that has to sign must not be taken for another who shows what it signed elsewhere.
   */
  function audiencesOf({ authentications }: Client, issuer: string): ReadonlySet<unknown> {
    return new Set(authentications.includes('none') ? [issuer, tokenEndpointOf(issuer)] : [issuer])
  }

  /** A lock that nobody gives back: held over all replicas until the assertion is over. */
  async function useOnce(clientId: string, jti: string, ms: number): Promise<void> {
    const lock = await locks.acquire(sha256(`${clientId} ${jti}`), 'assertion', Math.max(1, ms))
    if (lock === undefined) throw refused('jti was used before.')
  }
}

function refused(message: string): OAuthError {
  return new OAuthError('invalid_client', message)
}
