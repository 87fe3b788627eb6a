import { type Answer, json } from './answer.ts'
import type { State } from './state.ts'

/**
 * `ISS/.well-known/openid-configuration`: these keys and no others. PKCE works and is not advertised. A pool without
 * a domain advertises endpoints at the issuer, none of which work.
 */
export function discovery({ urls, pool }: State): Answer {
  const oauth2 = pool.domain ? `${urls.domain}/oauth2` : urls.issuer
  return json(200, {
    authorization_endpoint: `${oauth2}/authorize`,
    end_session_endpoint: `${pool.domain ? urls.domain : urls.issuer}/logout`,
    id_token_signing_alg_values_supported: ['RS256'],
    issuer: urls.issuer,
    jwks_uri: `${urls.issuer}/.well-known/jwks.json`,
    response_types_supported: ['code', 'token'],
    revocation_endpoint: `${oauth2}/revoke`,
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
    token_endpoint: `${oauth2}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    userinfo_endpoint: `${oauth2}/userInfo`,
  })
}

/** `ISS/.well-known/jwks.json`: at least two keys. */
export async function jwks({ keys }: State): Promise<Answer> {
  return json(200, { keys: await keys.published() })
}

/** What the issuer says to anything else. */
export const badRequest: Answer = json(400, {
  code: 'BadRequest',
  message: 'The server did not understand the operation that was requested.',
  type: 'client',
})
