import { resourceIn } from './authorization-request.ts'
import type { AuthenticateClient, ClientRequest } from './client-authentication.ts'
import type { Grants, TokenAnswer } from './grants.ts'
import { OAuthError } from './oauth-error.ts'
import { parameter, required } from './parameters.ts'
import { isSameResource } from './resources.ts'

/** What clients ask of us themselves, with codes and refresh tokens. See `createTokenEndpoint`. */
export type TokenEndpoint = ReturnType<typeof createTokenEndpoint>

/** Both throw OAuthError, and `store_unavailable`. */
export function createTokenEndpoint(
  authenticate: AuthenticateClient,
  grants: Pick<Grants, 'exchange' | 'renew' | 'revoke'>,
) {
  return {
    /** Tokens for a code or a refresh token (RFC 6749 sections 4.1.3 and 6). */
    async token(request: ClientRequest): Promise<TokenAnswer> {
      const { form, issuer } = request
      const client = await authenticate(request)
      const type = required(form, 'grant_type')
      const resource = resourceIn(form)
      const isFor = resource === undefined ? undefined : (own: string) => isSameResource(resource, own)
      if (type === 'authorization_code') {
        const code = required(form, 'code')
        const [redirectUri, codeVerifier] = [required(form, 'redirect_uri'), required(form, 'code_verifier')]
        return grants.exchange({ client, issuer, code, redirectUri, codeVerifier, isFor })
      }
      if (type === 'refresh_token') {
        const scopes = parameter(form, 'scope')?.split(' ').filter(Boolean)
        return grants.renew({ client, issuer, refreshToken: required(form, 'refresh_token'), scopes, isFor })
      }
      throw new OAuthError('unsupported_grant_type', 'must be authorization_code or refresh_token')
    },

    /** Ends what a token is of; one that is not known needs no ending (RFC 7009 section 2.2). */
    async revoke(request: ClientRequest): Promise<void> {
      const client = await authenticate(request)
      await grants.revoke(required(request.form, 'token'), client, request.issuer)
    },
  }
}
