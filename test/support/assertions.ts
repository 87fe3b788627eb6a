import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** A new key pair of a client that signs what it sends; `kid` may be empty. `jwk` is what the client publishes. */
export async function createSigner(alg = 'ES256', kid: string = randomUUID()) {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  const named = kid === '' ? {} : { kid }
  const jwk = { ...(await exportJWK(publicKey)), ...named, alg, use: 'sig' }

  /** An assertion of a client for an issuer, made at a time in milliseconds; `undefined` leaves a claim out. */
  async function sign(clientId: string, issuer: string, claims: Record<string, unknown> = {}, at = Date.now()) {
    const now = Math.floor(at / 1000)
    const usual = { iss: clientId, sub: clientId, aud: issuer, iat: now, exp: now + 60, jti: randomUUID() }
    return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg, ...named }).sign(privateKey)
  }

  return { jwk, sign }
}

/** The parameters with which a client brings an assertion. */
export function asserting(assertion: string) {
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  }
}
