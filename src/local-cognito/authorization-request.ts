import { errorPage, Refusal } from './answer.ts'
import { checkResource, isRegistered } from './resource.ts'
import type { Client } from './schema.ts'
import type { State } from './state.ts'
import { callbackError, type Destination } from './to-client.ts'

/** An authorization request that passed every check. */
export interface AuthorizationRequest {
  readonly client: Client
  readonly redirectUri: string
  readonly responseType: 'code' | 'token'
  readonly scopes: readonly string[]
  readonly state: string | undefined
  readonly nonce: string | undefined
  readonly challenge: string | undefined
  readonly resource: string | undefined
  /** False for a `resource` that is no registered resource server: the code is issued and cannot be redeemed. */
  readonly redeemable: boolean
  readonly prompts: readonly string[]
}

/** Checks in Cognito's order; the first rule broken is the refusal thrown. */
export function readAuthorizationRequest(state: State, query: URLSearchParams): AuthorizationRequest {
  const parameter = (name: string) => query.get(name) || undefined
  const client = trustedClient(state, query)
  const destination = {
    redirectUri: query.get('redirect_uri') ?? '',
    responseType: query.get('response_type') ?? '',
    state: parameter('state'),
  }
  const responseType = checkResponseType(client, destination)
  const challenge = checkPkce(query, destination)
  const scopes = checkScopes(client, parameter('scope'), destination)
  const resource = checkResource(state, query, scopes, destination)
  checkIdentityProvider(state, client, query)
  return {
    client,
    redirectUri: destination.redirectUri,
    responseType,
    scopes,
    state: destination.state,
    nonce: parameter('nonce'),
    challenge,
    resource,
    redeemable: resource === undefined || !state.pool.strict_resource || isRegistered(state, resource),
    prompts: state.pool.managed_login === 2 ? (parameter('prompt')?.split(' ') ?? []) : [],
  }
}

function trustedClient(state: State, query: URLSearchParams): Client {
  const clientId = query.get('client_id')
  const redirectUri = query.get('redirect_uri')
  const page = (rule: string, error: string, echoed?: string) =>
    new Refusal(rule, errorPage(state.urls.domain, error, echoed))

  if (!clientId) throw page('client_id_missing', 'Required parameters missing')
  if (!redirectUri) throw page('redirect_uri_missing', 'Required parameters missing')
  const client = state.clients.get(clientId)
  if (client === undefined) throw page('client_unknown', 'invalid_request', clientId)
  if (!client.oauth) throw page('oauth_not_enabled', 'Client is not enabled for OAuth2.0 flows')
  if (!client.callback_urls.includes(redirectUri)) {
    throw page('redirect_uri_not_registered', 'redirect_mismatch', clientId)
  }
  return client
}

function checkResponseType(client: Client, destination: Destination): 'code' | 'token' {
  const { responseType } = destination
  if (responseType !== 'code' && responseType !== 'token') {
    throw callbackError(responseType === '' ? 'response_type_missing' : 'response_type_unknown', destination)
  }
  if (!client.flows.includes(responseType === 'code' ? 'code' : 'implicit')) {
    throw callbackError('flow_not_enabled', destination, 'unauthorized_client')
  }
  return responseType
}

function checkPkce(query: URLSearchParams, destination: Destination): string | undefined {
  const challenge = query.get('code_challenge') || undefined
  const method = query.get('code_challenge_method') || undefined
  if (challenge !== undefined && method === undefined) throw callbackError('challenge_without_method', destination)
  if (challenge === undefined && method !== undefined) throw callbackError('method_without_challenge', destination)
  if (method !== undefined && method !== 'S256') throw callbackError('challenge_method_not_s256', destination)
  return challenge
}

function checkScopes(client: Client, scope: string | undefined, destination: Destination): readonly string[] {
  const asked = scope?.split(' ').filter((name) => name !== '') ?? []
  if (asked.length === 0) return client.scopes
  const refuse = (rule: string) => callbackError(rule, destination, 'invalid_scope')
  if (asked.some((name) => !client.scopes.includes(name))) throw refuse('scope_not_enabled')
  if (asked.some((name) => ['email', 'phone', 'profile'].includes(name)) && !asked.includes('openid')) {
    throw refuse('scope_needs_openid')
  }
  return [...new Set(asked)]
}

function checkIdentityProvider(state: State, client: Client, query: URLSearchParams): void {
  const provider = query.get('identity_provider') || query.get('idp_identifier') || 'COGNITO'
  if (!client.identity_providers.includes(provider)) {
    throw new Refusal('identity_provider_not_enabled', errorPage(state.urls.domain, 'invalid_request', client.id))
  }
  // A state that is JSON breaks sign-in through another identity provider with an empty 400.
  if (provider !== 'COGNITO' && /^\s*[{[]/.test(query.get('state') ?? '')) {
    throw new Refusal('state_is_json', { status: 400, body: '' })
  }
}
