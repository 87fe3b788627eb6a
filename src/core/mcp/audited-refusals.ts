import { GatewayError } from '../errors.ts'
import type { Guard } from '../guard.ts'
import type { Audit } from '../ports.ts'
import type { GuardedRoute } from '../route.ts'
import { MessageError } from './message.ts'

/** A guard that tells the auditor of what came to an MCP server without a token, and needs one. */
export function auditingChallenges(guard: Guard, audit: Audit): Guard {
  return {
    ...guard,
    admit(route, request, admitting) {
      const admitted = guard.admit(route, request, admitting)
      if (route.mcp === undefined) return admitted
      return admitted.catch((error) => {
        const isChallenge = error instanceof GatewayError && error.code === 'token_required'
        if (isChallenge) audit('access_denied', { route: route.name, reason: 'no token' })
        throw error
      })
    },
  }
}

/** Tells the auditor of a message that no policy can be applied to, and passes the error on. */
export type RefusedMessage = (route: GuardedRoute) => (error: unknown) => never

/** See `RefusedMessage`. */
export function createRefusedMessage(audit: Audit): RefusedMessage {
  return function refusedMessage({ name }) {
    return (error) => {
      if (error instanceof MessageError) audit('access_denied', { route: name, reason: error.message })
      throw error
    }
  }
}
