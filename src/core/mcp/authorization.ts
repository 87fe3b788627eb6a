import type { Redirection } from '../departure.ts'
import {
  type AuthorizationRequest,
  createFindAddressee,
  readAuthorizationRequest,
  refusalTo,
} from './authorization-request.ts'
import type { FindClient } from './clients.ts'
import { OAuthError } from './oauth-error.ts'
import type { Resources } from './resources.ts'

/** Reads what clients ask for. See `createAuthorization`. */
export type Authorization = ReturnType<typeof createAuthorization>

/** The two phases of an authorization request, one after the other. */
export function createAuthorization(findClient: FindClient, resources: Resources) {
  const findAddressee = createFindAddressee(findClient)

  return {
    /** What is asked for, or where the client is told what is wrong with it. Throws `client_refused` where nobody is told. */
    async read(query: URLSearchParams, issuer: string): Promise<AuthorizationRequest | Redirection> {
      const addressee = await findAddressee(query, issuer)
      try {
        return readAuthorizationRequest(query, addressee, resources)
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error
        return { location: refusalTo(addressee, error), cookies: [] }
      }
    },
  }
}
