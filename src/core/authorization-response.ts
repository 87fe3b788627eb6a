import { GatewayError } from './errors.ts'
import { type Provider, ProviderError } from './provider.ts'

const maxParameterLength = 4096
/** What a provider says of the person or of itself (RFC 6749 section 4.1.2.1): our request was fine. */
const notAboutUs: readonly (string | undefined)[] = ['access_denied', 'server_error', 'temporarily_unavailable']

/** A parameter that is there once and not absurdly long. */
export function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  return values.length === 1 && values[0] && values[0].length <= maxParameterLength ? values[0] : undefined
}

/** The code of an authorization response (RFC 6749 section 4.1.2). Throws ProviderError, and `bad_request` without one. */
export async function codeFrom(query: URLSearchParams, provider: Provider): Promise<string> {
  // RFC 9207: an answer of another server than the one we asked is a mix-up. One that names two is of neither.
  const iss = query.has('iss') ? (single(query, 'iss') ?? '') : undefined
  if (!(await provider.isAnswerFrom(iss))) {
    throw new ProviderError('refused', { description: 'the answer came from another issuer', step: 'callback' })
  }
  const error = single(query, 'error')
  if (error !== undefined) {
    const step = notAboutUs.includes(error) ? 'callback' : 'authorize'
    throw new ProviderError('refused', { error, description: single(query, 'error_description'), step })
  }
  const code = single(query, 'code')
  if (code === undefined) throw new GatewayError('bad_request')
  return code
}

/** A provider's failure as people and the log shall know it. Throws what is none. */
export function translated(cause: unknown, provider: Provider): GatewayError {
  if (cause instanceof GatewayError) return cause
  if (!(cause instanceof ProviderError)) throw cause
  if (cause.failure === 'unavailable') return new GatewayError('provider_unavailable', { cause, provider })
  const detail = [cause.error ?? cause.failure, cause.description].filter((text) => text !== undefined)
  const owner = `${provider.title} answered "${detail.join(': ')}".`
  return new GatewayError('provider_refused', { cause, provider, owner })
}

/** Whether the provider refused for what we are set up to send: then asking it tells more. */
export function isAboutUs({ failure, error, step }: ProviderError): boolean {
  return failure === 'refused' && step !== 'callback' && !notAboutUs.includes(error)
}

/** Whether the provider refused the scopes: Cognito says so in the description, others in `error`. */
export function isRefusedScope({ cause }: GatewayError): boolean {
  return cause instanceof ProviderError && [cause.error, cause.description].includes('invalid_scope')
}
