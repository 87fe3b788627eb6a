import { type Answer, Refusal, redirect } from './answer.ts'

/** Where the answers of a request go: the client, once its redirect URI is known to be its own. */
export interface Destination {
  readonly redirectUri: string
  readonly responseType: string
  readonly state: string | undefined
}

/** Sends parameters back to the client, in this order: in the fragment for the implicit flow, else in the query. */
export function toClient(
  { redirectUri, responseType }: Destination,
  parameters: Readonly<Record<string, string | undefined>>,
): Answer {
  const sent = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  const separator = responseType === 'token' ? '#' : redirectUri.includes('?') ? '&' : '?'
  return redirect(`${redirectUri}${separator}${new URLSearchParams(sent)}`)
}

/** The refusals that go to the client: the reason is in the description, if anywhere. */
export function callbackError(rule: string, destination: Destination, description?: string): Refusal {
  const { state } = destination
  return new Refusal(rule, toClient(destination, { error_description: description, state, error: 'invalid_request' }))
}
