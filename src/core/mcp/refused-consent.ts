import { isRefusedScope } from '../authorization-response.ts'
import type { FailedAttempt, Redirection } from '../departure.ts'
import type { GatewayError } from '../errors.ts'
import { ProviderError } from '../provider.ts'
import type { ConsentedRequest } from './authorization.ts'
import { refusalTo } from './authorization-request.ts'
import { OAuthError } from './oauth-error.ts'

/** What a client is told of a refusal: what is wrong between the provider and us is not its affair, the log has it. */
const told = {
  invalid_scope: 'The sign-in provider does not grant these scopes.',
  access_denied: 'The sign-in was cancelled or refused.',
  temporarily_unavailable: 'The sign-in provider is away. Try again later.',
  server_error: 'The sign-in provider refused. The log of the gateway has the reason.',
} as const

/**
 * After the provider, or the person there, refused: the client is told (RFC 6749 section 4.1.2.1), for it is the one that
 * the person came from. `undefined` for any other failure, which has a page of ours, and a cause that can be mended.
 */
export function createRefusedConsent(consentedRequest: ConsentedRequest) {
  return async function refusedConsent({ attempt, error }: FailedAttempt): Promise<Redirection | undefined> {
    const refusal = toldOf(error)
    if (attempt.purpose !== 'consent' || refusal === undefined) return undefined
    const asked = await consentedRequest(attempt)
    return asked && { location: refusalTo(asked, refusal), cookies: [] }
  }
}

/** What a client is told of a failure, if it came back in the place of a code. */
export function toldOf(failure: GatewayError): OAuthError | undefined {
  const { cause } = failure
  if (!(cause instanceof ProviderError) || cause.error === undefined) return undefined
  if (cause.step !== 'callback' && cause.step !== 'authorize') return undefined
  if (isRefusedScope(failure)) return toldWith('invalid_scope')
  const isPassedOn = cause.error === 'access_denied' || cause.error === 'temporarily_unavailable'
  return toldWith(isPassedOn ? cause.error : 'server_error')
}

/** A refusal by its code; `undefined` for any that no client is told. */
export function toldWith(code: string): OAuthError | undefined {
  return isTold(code) ? new OAuthError(code, told[code]) : undefined
}

function isTold(code: string): code is keyof typeof told {
  return Object.hasOwn(told, code)
}
