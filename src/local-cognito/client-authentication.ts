import { oauthError, Refusal } from './answer.ts'
import { basicCredentials, type Incoming } from './incoming.ts'
import type { Client } from './schema.ts'
import { isSame } from './secret.ts'
import type { State } from './state.ts'

/**
 * The client of a token or revocation request, by Basic or body credentials (RFC 6749 section 2.3.1), or none for a
 * public client. Refusals are `invalid_client` with `status`: 400 at the token endpoint, 401 at revocation.
 */
export function authenticateClient(state: State, request: Incoming, form: URLSearchParams, status: 400 | 401): Client {
  const refuse = (rule: string, description?: string) =>
    new Refusal(rule, oauthError(status, 'invalid_client', description))
  const basic = basicCredentials(request.authorization)
  const [id, secret] = basic ?? [form.get('client_id') ?? '', form.get('client_secret') ?? '']

  if (id === '') throw new Refusal('client_id_missing', oauthError(400, 'invalid_request'))
  const client = state.clients.get(id) ?? state.clients.get(decoded(id))
  if (client === undefined) throw refuse('client_unknown')
  if (basic !== undefined && (form.get('client_id') ?? client.id) !== client.id) throw refuse('client_id_ambiguous')
  if (client.secrets.length === 0) {
    if (basic !== undefined) throw refuse('basic_from_public_client')
    if (secret !== '') throw refuse('secret_from_public_client')
    return client
  }
  if (secret === '') throw refuse('secret_missing', 'invalid_client_secret')
  const accepted = client.secrets.filter((known) => isSame(secret, known) || isSame(decoded(secret), known))
  if (accepted.length === 0) throw refuse('secret_wrong')
  return client
}

/** Basic credentials are form encoded by those who follow the RFC, and sent as they are by others. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
