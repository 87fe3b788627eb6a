import type { Audit } from '../ports.ts'
import { OAuthError } from './oauth-error.ts'

const maxLength = 500

/** Tells the auditor that a client is refused, and why: also what the client is not told. Passes the error on. */
export function refusing(audit: Audit, clientId: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof OAuthError) {
      const { message, cause } = error
      const reason = cause instanceof Error ? cause.message : message
      // Anybody can be refused, with whatever they call themselves.
      audit('access_denied', { client_id: clientId.slice(0, maxLength), reason: reason.slice(0, maxLength) })
    }
    throw error
  }
}
