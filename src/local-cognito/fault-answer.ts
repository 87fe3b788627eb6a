import { type Answer, html, json, Refusal } from './answer.ts'
import { readAuthorizationRequest } from './authorization-request.ts'
import type { Incoming } from './incoming.ts'
import { notUnderstoodPage } from './pages.ts'
import type { Fault } from './schema.ts'
import type { State } from './state.ts'
import { toClient } from './to-client.ts'

/** Answers in the place of an endpoint, by throwing a {@link Refusal}, when a fault has a status or an error. */
export function faultAnswer(state: State, fault: Fault | undefined, { query }: Incoming): undefined {
  if (fault?.error !== undefined) {
    const { error, error_description } = fault
    const asked = readAuthorizationRequest(state, query)
    throw new Refusal('fault_error', toClient(asked, { error_description, state: asked.state, error }))
  }
  if (fault?.status !== undefined) throw new Refusal('fault_status', withStatus(fault.status, fault))
}

function withStatus(status: number, { headers, body }: Fault): Answer {
  const answer =
    body === undefined || typeof body === 'string'
      ? html(status, body ?? notUnderstoodPage(status))
      : json(status, body)
  return { ...answer, headers: { ...answer.headers, ...headers } }
}
