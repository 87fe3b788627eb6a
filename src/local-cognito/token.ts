import { type Answer, json, oauthError, Refusal } from './answer.ts'
import { canReadScopes } from './claims.ts'
import { authenticateClient } from './client-authentication.ts'
import { milliseconds } from './config.ts'
import type { Incoming } from './incoming.ts'
import type { Client, User } from './schema.ts'
import { challengeOf, isSame } from './secret.ts'
import type { Grant, State } from './state.ts'
import { issueRefreshToken, machineToken, userTokens } from './tokens.ts'

/** `POST /oauth2/token`. The client is authenticated before the grant is looked at. */
export async function token(state: State, request: Incoming): Promise<Answer> {
  const { form } = request
  if (form === undefined) throw invalidRequest('body_not_form_encoded')
  const client = authenticateClient(state, request, form, 400)
  switch (form.get('grant_type') ?? '') {
    case '':
      throw invalidRequest('grant_type_missing')
    case 'authorization_code':
      return await redeemCode(state, client, form)
    case 'refresh_token':
      return await refresh(state, client, form)
    case 'client_credentials':
      return await clientCredentials(state, client, form)
    default:
      throw new Refusal('grant_type_unknown', oauthError(400, 'unsupported_grant_type'))
  }
}

async function redeemCode(state: State, client: Client, form: URLSearchParams): Promise<Answer> {
  const presented = form.get('code')
  const redirectUri = form.get('redirect_uri')
  if (!presented) throw invalidRequest('code_missing')
  if (!redirectUri) throw invalidRequest('redirect_uri_missing')
  refuseWithoutCodeFlow(client)

  const code = state.codes.get(presented)
  // A failed try spends the code as well.
  state.codes.delete(presented)
  if (code === undefined) throw invalidGrant('code_unknown_or_used')
  if (code.expiresAt <= state.now()) throw invalidGrant('code_expired')
  if (code.grant.clientId !== client.id) throw invalidGrant('code_of_another_client')
  if (code.redirectUri !== redirectUri) {
    throw new Refusal('redirect_uri_differs', oauthError(400, 'unauthorized_client', 'invalid_redirect'))
  }
  checkVerifier(code.challenge, form.get('code_verifier'))
  if (!code.redeemable) throw invalidGrant('resource_not_registered')
  const user = grantedUser(state, client, code.grant)

  const { expires_in, ...tokens } = await userTokens(state, client, user, code.grant, code.nonce)
  const refreshToken = issueRefreshToken(state, code.grant, state.now() + milliseconds(client.refresh_token))
  return issued({ ...tokens, refresh_token: refreshToken, expires_in })
}

async function refresh(state: State, client: Client, form: URLSearchParams): Promise<Answer> {
  const presented = form.get('refresh_token')
  if (!presented) throw invalidRequest('refresh_token_missing')
  refuseWithoutCodeFlow(client)

  const now = state.now()
  const held = state.refreshTokens.get(presented)
  if (held === undefined) throw invalidGrant('refresh_token_unknown')
  if (held.grant.clientId !== client.id) throw invalidGrant('refresh_token_of_another_client')
  if (state.revoked.has(held.grant.originJti)) throw invalidGrant('refresh_token_revoked')
  if (held.expiresAt <= now) throw invalidGrant('refresh_token_expired')
  if (held.usableUntil <= now) throw invalidGrant('refresh_token_rotated_out')
  const user = grantedUser(state, client, held.grant)

  // Rotation happens before the first await, so that concurrent refreshes see it.
  const rotated = client.rotation.enabled ? rotate(state, client, presented, held) : {}
  const { expires_in, ...tokens } = await userTokens(state, client, user, held.grant)
  return issued({ ...tokens, ...rotated, expires_in })
}

/** A successor for the rest of the family's life; the token itself stays usable for the grace period. */
function rotate(
  state: State,
  client: Client,
  presented: string,
  held: { readonly grant: Grant; readonly expiresAt: number; readonly usableUntil: number },
): { refresh_token: string } {
  const graceEnd = state.now() + milliseconds(client.rotation.grace)
  state.refreshTokens.set(presented, { ...held, usableUntil: Math.min(held.usableUntil, graceEnd) })
  return { refresh_token: issueRefreshToken(state, held.grant, held.expiresAt) }
}

async function clientCredentials(state: State, client: Client, form: URLSearchParams): Promise<Answer> {
  if (!client.oauth || client.secrets.length === 0 || !client.flows.includes('client_credentials')) {
    throw new Refusal('client_credentials_not_enabled', oauthError(400, 'unauthorized_client'))
  }
  const custom = client.scopes.filter((scope) => scope.includes('/'))
  const asked =
    form
      .get('scope')
      ?.split(' ')
      .filter((scope) => scope !== '') ?? []
  if (asked.some((scope) => !custom.includes(scope))) throw invalidGrant('scope_not_enabled')
  return issued(await machineToken(state, client, asked.length === 0 ? custom : asked))
}

function issued(tokens: object): Answer {
  return json(200, { ...tokens, token_type: 'Bearer' })
}

function invalidRequest(rule: string): Refusal {
  return new Refusal(rule, oauthError(400, 'invalid_request'))
}

function invalidGrant(rule: string): Refusal {
  return new Refusal(rule, oauthError(400, 'invalid_grant'))
}

function refuseWithoutCodeFlow(client: Client): void {
  if (client.oauth && client.flows.includes('code')) return
  throw new Refusal('code_flow_not_enabled', oauthError(400, 'unauthorized_client'))
}

function checkVerifier(challenge: string | undefined, verifier: string | null): void {
  if (challenge === undefined) return
  if (!verifier) throw invalidGrant('verifier_missing')
  if (!isSame(challengeOf(verifier), challenge)) throw invalidGrant('verifier_wrong')
}

function grantedUser(state: State, client: Client, grant: Grant): User {
  const user = state.user(grant.username)
  if (user === undefined) throw invalidGrant('user_gone')
  if (!canReadScopes(client, grant.scopes)) throw invalidGrant('attribute_not_readable')
  return user
}
