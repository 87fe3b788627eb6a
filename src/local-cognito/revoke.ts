import { type Answer, oauthError, Refusal } from './answer.ts'
import { authenticateClient } from './client-authentication.ts'
import type { Incoming } from './incoming.ts'
import type { State } from './state.ts'

/** `POST /oauth2/revoke`: ends a refresh token and, at these endpoints, every token of the same sign-in. */
export function revoke(state: State, request: Incoming): Answer {
  const { form } = request
  if (form === undefined) throw invalidRequest('body_not_form_encoded')
  const client = authenticateClient(state, request, form, 401)
  const presented = form.get('token')
  if (!presented) throw invalidRequest('token_missing')
  if (!client.revocation) throw invalidRequest('revocation_not_enabled')
  if (presented.split('.').length === 3) {
    throw new Refusal('not_a_refresh_token', oauthError(400, 'unsupported_token_type'))
  }
  const held = state.refreshTokens.get(presented)
  if (held?.grant.clientId === client.id) state.revoked.add(held.grant.originJti)
  // An unknown or revoked token is answered alike (RFC 7009 section 2.2).
  return { status: 200, body: '' }
}

function invalidRequest(rule: string): Refusal {
  return new Refusal(rule, oauthError(400, 'invalid_request'))
}
