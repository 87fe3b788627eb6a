import { GatewayError } from '../errors.ts'
import { sha256 } from '../secret.ts'
import type { Client } from './client.ts'
import type { FindClient } from './clients.ts'
import { OAuthError } from './oauth-error.ts'
import { parameter, required } from './parameters.ts'
import { isRegistered, type RedirectKind, redirectKind } from './redirect-uri.ts'
import { type McpRoute, type Resources, scopesOf } from './resources.ts'

/** A client and the address of its that an answer may be sent to: from then on it is told what is wrong. */
export interface Addressee {
  readonly issuer: string
  readonly client: Client
  readonly redirectUri: string
  readonly redirectKind: RedirectKind
  readonly state: string | undefined
}

/** What a client asks a user for (RFC 6749 section 4.1.1). */
export interface AuthorizationRequest extends Addressee {
  readonly route: McpRoute
  readonly scopes: readonly string[]
  readonly codeChallenge: string
  /** The client does without rather than that somebody is asked. */
  readonly isSilent: boolean
}

/** Its query would not come back whole from the provider. */
const maxQuery = 2000

/** The first phase: whom an answer may go to at all. Until that is known nobody is redirected (RFC 9700 section 4.11). */
export function createFindAddressee(findClient: FindClient) {
  /** Throws GatewayError `client_refused`. */
  return async function findAddressee(query: URLSearchParams, issuer: string): Promise<Addressee> {
    const single = (name: string) => {
      const [value = '', ...more] = query.getAll(name)
      if (value === '' || more.length > 0) throw refused(`${name} must be there, once.`)
      return value
    }
    const client = await findClient(single('client_id'), issuer).catch(notTold)
    if (client === undefined) throw refused('The client_id is not known here, or no longer.')
    const redirectUri = single('redirect_uri')
    const kind = redirectKind(redirectUri)
    if (kind === undefined || !isRegistered(redirectUri, client.redirectUris)) {
      throw refused(`The redirect_uri is none that ${client.name || 'the client'} registered.`)
    }
    const [state] = query.getAll('state')
    return { issuer, client, redirectUri, redirectKind: kind, state }
  }
}

/** What is wrong with a client is for the person whom it sent: it has no address yet to be told at. */
function notTold(error: unknown): never {
  throw error instanceof OAuthError ? refused(error.message, error.cause) : error
}

function refused(owner: string, cause?: unknown): GatewayError {
  return new GatewayError('client_refused', { owner, cause })
}

/** The second phase: what is asked for. Throws OAuthError. */
export function readAuthorizationRequest(
  query: URLSearchParams,
  addressee: Addressee,
  resources: Resources,
): AuthorizationRequest {
  if (query.toString().length > maxQuery) throw new OAuthError('invalid_request', 'is too long; use a shorter state')
  parameter(query, 'state')
  checkResponse(query)
  const codeChallenge = codeChallengeIn(query)
  const route = resources.named(resourceIn(query), addressee.issuer)
  checkClient(addressee.client, route)
  const isSilent = parameter(query, 'prompt')?.split(' ').includes('none') ?? false
  return { ...addressee, route, scopes: scopesIn(query, route), codeChallenge, isSilent }
}

function checkClient({ id }: Client, { allow }: McpRoute): void {
  if (allow.clients === undefined || allow.clients.includes(id)) return
  throw new OAuthError('unauthorized_client', 'The resource is not for this client.')
}

function checkResponse(query: URLSearchParams): void {
  if (parameter(query, 'request') !== undefined) throw new OAuthError('request_not_supported', 'use plain parameters')
  if (parameter(query, 'request_uri') !== undefined) {
    throw new OAuthError('request_uri_not_supported', 'use plain parameters')
  }
  if (required(query, 'response_type') !== 'code') throw new OAuthError('unsupported_response_type', 'must be code')
  const mode = parameter(query, 'response_mode')
  if (mode !== undefined && mode !== 'query') throw new OAuthError('invalid_request', 'response_mode must be query')
}

/** RFC 7636 section 4.3: S256 alone, named. */
function codeChallengeIn(query: URLSearchParams): string {
  const challenge = required(query, 'code_challenge')
  if (parameter(query, 'code_challenge_method') !== 'S256') {
    throw new OAuthError('invalid_request', 'code_challenge_method must be S256')
  }
  if (!/^[\w-]{43}$/.test(challenge)) throw new OAuthError('invalid_request', 'code_challenge is not one of S256')
  return challenge
}

/** A token is for one resource, whatever RFC 8707 says of several. */
export function resourceIn(parameters: URLSearchParams): string | undefined {
  const [resource, ...more] = parameters.getAll('resource')
  if (more.length > 0) throw new OAuthError('invalid_target', 'a token is for one resource')
  return resource || undefined
}

/** Of what is asked for, what there is: clients ask for all they have heard of. What every call needs, when nothing is. */
function scopesIn(query: URLSearchParams, route: McpRoute): readonly string[] {
  const asked = new Set((parameter(query, 'scope') ?? '').split(' ').filter(Boolean))
  // A refresh token comes with every code.
  asked.delete('offline_access')
  if (asked.size === 0) return route.mcp.scopes
  const known = scopesOf(route)
  const granted = known.filter((scope) => asked.has(scope))
  if (granted.length === 0 && known.length > 0)
    throw new OAuthError('invalid_scope', `scope must be of: ${known.join(' ')}`)
  return granted
}

/** What a user's consent is about, whoever the user is: everything that the consent page says. */
export function approvalOf({ client, redirectUri, route, scopes }: AuthorizationRequest): string {
  const { resource, toolProviders } = route.mcp
  const providers = [route.provider, ...toolProviders.values()].toSorted()
  const facts = [client.id, client.name, redirectUri, resource, scopes.toSorted(), providers]
  return sha256(JSON.stringify(facts))
}

/** Where an answer to a client goes, with who gives it (RFC 6749 section 4.1.2, RFC 9207 section 2). */
export function answerTo(
  { redirectUri, state, issuer }: Addressee,
  parameters: Readonly<Record<string, string>>,
): string {
  const query = new URLSearchParams({ ...parameters, ...(state !== undefined && { state }), iss: issuer })
  // The address stays as it was registered, to the letter.
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
}

/** As `answerTo`, for a refusal (RFC 6749 section 4.1.2.1). */
export function refusalTo(addressee: Addressee, { code, message }: OAuthError): string {
  return answerTo(addressee, { error: code, error_description: message })
}
