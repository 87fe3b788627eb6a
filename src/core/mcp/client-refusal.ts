import type { Audit } from '../ports.ts'
import { OAuthError } from './oauth-error.ts'

/** Tells the auditor that a client is refused, and why: also what the client is not told. Passes the error on. */
export function refusing(audit: Audit, clientId: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof OAuthError) {
      const { message, cause } = error
      audit('access_denied', { client_id: clientId, reason: cause instanceof Error ? cause.message : message })
    }
    throw error
  }
}
