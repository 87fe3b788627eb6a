import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'

/** What the sample tools know of the provider whose tokens they accept. */
export interface Trust {
  readonly issuer: string
  readonly clientId: string
}

/** Who a request comes from, by its bearer token alone. Throws for a token that does not verify. */
export type VerifyBearer = (authorization: string | undefined) => Promise<JWTPayload>

/** Verifies Cognito access tokens: signature, issuer, expiry, and `client_id`, for they have no audience. */
export function createBearerVerifier({ issuer, clientId }: Trust): VerifyBearer {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
  return async function verifyBearer(authorization) {
    const [scheme, token = ''] = (authorization ?? '').split(' ')
    if (scheme?.toLowerCase() !== 'bearer') throw new Error('There is no bearer token.')
    const { payload } = await jwtVerify(token, keys, { issuer, algorithms: ['RS256'] })
    if (payload.token_use !== 'access' || payload.client_id !== clientId) throw new Error('The token is not for us.')
    return payload
  }
}
