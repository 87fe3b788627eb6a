import { type ClientAuthentication, type ClientKeys, clientAuthentications, type JsonWebKeySet } from './client.ts'
import { OAuthError, type OAuthErrorCode } from './oauth-error.ts'
import { redirectKind } from './redirect-uri.ts'

/** What a client says of itself (RFC 7591 section 2), as far as it matters to us. */
export interface ClientMetadata {
  readonly name: string | undefined
  readonly redirectUris: readonly string[]
  /** The ways of ours to authenticate that it names; the one it prefers comes first. */
  readonly authentications: readonly [ClientAuthentication, ...ClientAuthentication[]]
  readonly keys: ClientKeys | undefined
}

type Members = Readonly<Record<string, unknown>>

const maxRedirectUris = 50
const maxKeys = 20
const maxLength = 500
const maxName = 100

/**
 * Reads client metadata; members that we do not know are left aside, for clients say much. Throws
 * `invalid_client_metadata` and `invalid_redirect_uri`.
 */
export function readClientMetadata(value: unknown, byDefault: ClientAuthentication): ClientMetadata {
  const metadata = membersOf(value)
  if (metadata === undefined) throw refusal('must be a JSON object')
  checkUses(metadata)
  const keys = keysIn(metadata)
  return {
    name: nameIn(metadata),
    redirectUris: redirectUrisIn(metadata),
    authentications: authenticationsIn(metadata, byDefault, keys),
    keys,
  }
}

/** The members of a JSON object; `undefined` for anything else. */
export function membersOf(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}

/** Codes are all we give, and refresh tokens with them. */
function checkUses({ grant_types: grants, response_types: responses }: Members): void {
  if (grants !== undefined && !(Array.isArray(grants) && grants.includes('authorization_code'))) {
    throw refusal('grant_types must have authorization_code')
  }
  if (responses !== undefined && !(Array.isArray(responses) && responses.includes('code'))) {
    throw refusal('response_types must have code')
  }
}

function redirectUrisIn({ redirect_uris: uris }: Members): readonly string[] {
  const refuse = (message: string) => refusal(message, 'invalid_redirect_uri')
  if (!Array.isArray(uris) || uris.length === 0) throw refuse('redirect_uris must list at least one')
  if (uris.length > maxRedirectUris) throw refuse(`redirect_uris must list at most ${maxRedirectUris}`)
  return uris.map((uri) => {
    if (typeof uri === 'string' && uri.length <= maxLength && redirectKind(uri) !== undefined) return uri
    throw refuse('redirect_uris: https, http to a loopback address, or a scheme of the app; without a fragment')
  })
}

/** Clients of today name several ways, of which we take those that are ours too; signing wants keys. */
function authenticationsIn(
  { token_endpoint_auth_method: preferred, token_endpoint_auth_methods_supported: others }: Members,
  byDefault: ClientAuthentication,
  keys: ClientKeys | undefined,
): ClientMetadata['authentications'] {
  const all: readonly unknown[] = [preferred, ...(Array.isArray(others) ? others : [])].filter(Boolean)
  const named = new Set(all.length === 0 ? [byDefault] : all)
  const known = [...named].flatMap((name) => clientAuthentications.find((own) => own === name) ?? [])
  const [first, ...more] = known.filter((name) => name !== 'private_key_jwt' || keys !== undefined)
  if (first !== undefined) return [first, ...more]
  if (known.length > 0) throw refusal('private_key_jwt needs jwks or jwks_uri')
  throw refusal(`token_endpoint_auth_method must be one of: ${clientAuthentications.join(', ')}`)
}

/** RFC 7591 section 2: in one place or the other. */
function keysIn({ jwks_uri: uri, jwks }: Members): ClientKeys | undefined {
  if (uri !== undefined && jwks !== undefined)
    throw refusal('jwks is one place for keys and jwks_uri another; keep one')
  if (jwks !== undefined) return { jwks: readKeySet(jwks) }
  if (uri === undefined) return undefined
  if (typeof uri === 'string' && uri.length <= maxLength && redirectKind(uri) === 'web') return { jwksUri: uri }
  throw refusal('jwks_uri must be https')
}

/** Reads a key set. A secret or private key in it is known to everybody. Throws `invalid_client_metadata`. */
export function readKeySet(value: unknown): JsonWebKeySet {
  const list = membersOf(value)?.keys
  const keys = Array.isArray(list) ? list.map(membersOf).filter((key) => key !== undefined) : []
  if (keys.length === 0 || keys.length > maxKeys) throw refusal(`jwks must have keys, at most ${maxKeys}`)
  if (keys.some((key) => 'd' in key || 'k' in key)) throw refusal('jwks must have public keys alone')
  return { keys }
}

/** Without control characters and the like, with which a name could look like another. */
function nameIn({ client_name: name }: Members): string | undefined {
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
