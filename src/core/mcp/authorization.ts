import type { Attempt } from '../attempt.ts'
import type { Redirection } from '../departure.ts'
import { GatewayError } from '../errors.ts'
import type { Audit } from '../ports.ts'
import {
  type AuthorizationRequest,
  approvalOf,
  createFindAddressee,
  readAuthorizationRequest,
  refusalTo,
} from './authorization-request.ts'
import type { FindClient } from './clients.ts'
import { OAuthError } from './oauth-error.ts'
import type { Resources } from './resources.ts'

/** Of what anybody can write into an address. */
const maxFact = 200

/** Reads what clients ask for. See `createAuthorization`. */
export type Authorization = ReturnType<typeof createAuthorization>

/** The two phases of an authorization request, one after the other. */
export function createAuthorization(findClient: FindClient, resources: Resources, audit: Audit) {
  const findAddressee = createFindAddressee(findClient)

  /** Nobody else hears of it: the client is not told, and the user may not have come by their own will. */
  function refused(error: unknown, query: URLSearchParams): never {
    if (error instanceof GatewayError && error.code === 'client_refused') {
      const [id, redirectUri] = [query.get('client_id') ?? '', query.get('redirect_uri') ?? '']
      const to = URL.parse(redirectUri)
      const facts = {
        client_id: id.slice(0, maxFact),
        redirect: to === null ? undefined : `${to.protocol}//${to.host}`,
      }
      audit('access_denied', { ...facts, reason: error.cause instanceof Error ? error.cause.message : error.owner })
    }
    throw error
  }

  return {
    /** What is asked for, or where the client is told what is wrong with it. Throws `client_refused` where nobody is told. */
    async read(query: URLSearchParams, issuer: string): Promise<AuthorizationRequest | Redirection> {
      const addressee = await findAddressee(query, issuer).catch((error) => refused(error, query))
      try {
        return readAuthorizationRequest(query, addressee, resources)
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error
        return { location: refusalTo(addressee, error), cookies: [] }
      }
    },
  }
}

/** What was consented to before an attempt left for the provider. See `createConsentedRequest`. */
export type ConsentedRequest = (attempt: Attempt) => Promise<AuthorizationRequest | undefined>

/**
 * Reads it once more, as it came: `undefined`, when it is no longer what this browser's user said yes to. Why its client is
 * refused meanwhile, or has to wait, is said where it is asked again.
 */
export function createConsentedRequest(authorization: Authorization, issuer: string): ConsentedRequest {
  return async function consentedRequest({ returnTo, approval }) {
    const asked = await authorization.read(new URL(returnTo, issuer).searchParams, issuer).catch(saidLater)
    return asked === undefined || 'location' in asked || approvalOf(asked) !== approval ? undefined : asked
  }
}

function saidLater(error: unknown): undefined {
  if (!(error instanceof GatewayError)) throw error
}
