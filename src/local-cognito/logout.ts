import { type Answer, errorPage, Refusal, redirect } from './answer.ts'
import type { Incoming } from './incoming.ts'
import type { State } from './state.ts'

/**
 * `GET /logout`: ends the browser's session. Goes to a registered `logout_uri`, which wins, or to the sign-in page
 * with `redirect_uri` and `response_type`. OpenID Connect's parameters are not understood.
 */
export function logout(state: State, { query, cookies }: Incoming): Answer {
  const page = (rule: string, error: string, clientId?: string) =>
    new Refusal(rule, errorPage(state.urls.domain, error, clientId))
  const missing = (name: string) => `Required String parameter '${name}' is not present`

  const clientId = query.get('client_id')
  if (!clientId) throw page('client_id_missing', 'Required parameters missing')
  const client = state.clients.get(clientId)
  if (client === undefined) throw page('client_unknown', 'invalid_request', clientId)

  const logoutUri = query.get('logout_uri')
  if (logoutUri !== null && client.logout_urls.includes(logoutUri)) return ended(state, cookies.cognito, logoutUri)

  // A logout_uri that is not registered counts as absent, so the complaint is about the other form.
  const redirectUri = query.get('redirect_uri')
  if (!redirectUri) {
    throw page(logoutUri === null ? 'logout_uri_missing' : 'logout_uri_not_registered', missing('redirect_uri'))
  }
  if (!query.get('response_type')) throw page('response_type_missing', missing('response_type'))
  if (!client.callback_urls.includes(redirectUri)) {
    throw page('redirect_uri_not_registered', 'redirect_mismatch', clientId)
  }
  const kept = new URLSearchParams(query)
  kept.delete('logout_uri')
  return ended(state, cookies.cognito, `${state.urls.domain}/login?${kept}`)
}

function ended(state: State, session: string | undefined, location: string): Answer {
  state.sessions.delete(session ?? '')
  return { ...redirect(location), cookies: [{ name: 'cognito', value: '', maxAge: 0 }] }
}
