import { isRefusedScope } from '../authorization-response.ts'
import type { FailedAttempt, Redirection } from '../departure.ts'
import type { GatewayError } from '../errors.ts'
import { ProviderError } from '../provider.ts'
import type { ConsentedRequest } from './authorization.ts'
import { refusalTo } from './authorization-request.ts'
import { OAuthError } from './oauth-error.ts'

/**
 * After the provider, or the person there, refused: the client is told (RFC 6749 section 4.1.2.1), for it is the one that
 * the person came from. `undefined` for any other failure, which has a page of ours, and a cause that can be mended.
 */
export function createRefusedConsent(consentedRequest: ConsentedRequest) {
  return async function refusedConsent({ attempt, error }: FailedAttempt): Promise<Redirection | undefined> {
    if (attempt.purpose !== 'consent' || !isAuthorizationError(error.cause)) return undefined
    const asked = await consentedRequest(attempt)
    return asked && { location: refusalTo(asked, asClientIsTold(error)), cookies: [] }
  }
}

/** Whether it came back in the place of a code. */
function isAuthorizationError(cause: unknown): cause is ProviderError {
  if (!(cause instanceof ProviderError) || cause.error === undefined) return false
  return cause.step === 'callback' || cause.step === 'authorize'
}

/** What is wrong between the provider and us is not the client's affair: the log has it. */
function asClientIsTold(failure: GatewayError): OAuthError {
  const error = failure.cause instanceof ProviderError ? failure.cause.error : undefined
  if (isRefusedScope(failure))
    return new OAuthError('invalid_scope', 'The sign-in provider does not grant these scopes.')
  if (error === 'access_denied') return new OAuthError(error, 'The sign-in was cancelled or refused.')
  if (error === 'temporarily_unavailable')
    return new OAuthError(error, 'The sign-in provider is away. Try again later.')
  return new OAuthError('server_error', 'The sign-in provider refused. The log of the gateway has the reason.')
}
