import { type ClientAuthentication, clientAuthentications } from './client.ts'
import { OAuthError, type OAuthErrorCode } from './oauth-error.ts'
import { redirectKind } from './redirect-uri.ts'

/** What a client says of itself (RFC 7591 section 2), as far as it matters to us. */
export interface ClientMetadata {
  readonly name: string | undefined
  readonly redirectUris: readonly string[]
  readonly authentication: ClientAuthentication
  readonly jwksUri: string | undefined
}

const maxRedirectUris = 10
const maxLength = 500
const maxName = 100

/**
 * Reads client metadata; members that we do not know are left aside, for clients say much. Throws
 * `invalid_client_metadata` and `invalid_redirect_uri`.
 */
export function readClientMetadata(value: unknown, byDefault: ClientAuthentication): ClientMetadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refusal('must be a JSON object')
  const metadata: Readonly<Record<string, unknown>> = { ...value }
  checkUses(metadata)
  const authentication = authenticationIn(metadata, byDefault)
  const jwksUri = jwksUriIn(metadata)
  if (authentication === 'private_key_jwt' && jwksUri === undefined) throw refusal('private_key_jwt needs a jwks_uri')
  return { name: nameIn(metadata), redirectUris: redirectUrisIn(metadata), authentication, jwksUri }
}

/** Codes are all we give, and refresh tokens with them. */
function checkUses({ grant_types: grants, response_types: responses }: Readonly<Record<string, unknown>>): void {
  if (grants !== undefined && !(Array.isArray(grants) && grants.includes('authorization_code'))) {
    throw refusal('grant_types must have authorization_code')
  }
  if (responses !== undefined && !(Array.isArray(responses) && responses.includes('code'))) {
    throw refusal('response_types must have code')
  }
}

function redirectUrisIn({ redirect_uris: uris }: Readonly<Record<string, unknown>>): readonly string[] {
  const refuse = (message: string) => refusal(message, 'invalid_redirect_uri')
  if (!Array.isArray(uris) || uris.length === 0) throw refuse('redirect_uris must list at least one')
  if (uris.length > maxRedirectUris) throw refuse(`redirect_uris must list at most ${maxRedirectUris}`)
  return uris.map((uri) => {
    if (typeof uri === 'string' && uri.length <= maxLength && redirectKind(uri) !== undefined) return uri
    throw refuse('redirect_uris: https, http to a loopback address, or a scheme of the app; without a fragment')
  })
}

function authenticationIn(
  { token_endpoint_auth_method: method }: Readonly<Record<string, unknown>>,
  byDefault: ClientAuthentication,
): ClientAuthentication {
  if (method === undefined) return byDefault
  const known = clientAuthentications.find((name) => name === method)
  if (known === undefined) {
    throw refusal(`token_endpoint_auth_method must be one of: ${clientAuthentications.join(', ')}`)
  }
  return known
}

function jwksUriIn({ jwks_uri: uri }: Readonly<Record<string, unknown>>): string | undefined {
  if (uri === undefined) return undefined
  if (typeof uri === 'string' && uri.length <= maxLength && redirectKind(uri) === 'web') return uri
  throw refusal('jwks_uri must be https')
}

/** Without control characters and the like, with which a name could look like another. */
function nameIn({ client_name: name }: Readonly<Record<string, unknown>>): string | undefined {
  if (name === undefined) return undefined
  if (typeof name !== 'string') throw refusal('client_name must be text')
  const shown = name
    .toWellFormed()
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .trim()
  return shown === '' ? undefined : [...shown].slice(0, maxName).join('')
}

function refusal(message: string, code: OAuthErrorCode = 'invalid_client_metadata'): OAuthError {
  return new OAuthError(code, message)
}
