import { GatewayError } from './errors.ts'
import { type Provider, ProviderError } from './provider.ts'

const maxParameterLength = 4096

/** A parameter that is there once and not absurdly long. */
export function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  return values.length === 1 && values[0] && values[0].length <= maxParameterLength ? values[0] : undefined
}

/** The code of an authorization response (RFC 6749 section 4.1.2). Throws ProviderError, and `bad_request` without one. */
export async function codeFrom(query: URLSearchParams, provider: Provider): Promise<string> {
  // RFC 9207: an answer of another server than the one we asked is a mix-up.
  if (!(await provider.isAnswerFrom(query.get('iss') ?? undefined))) {
    throw new ProviderError('refused', { description: 'the answer came from another issuer', step: 'callback' })
  }
  const error = single(query, 'error')
  if (error !== undefined)
    throw new ProviderError('refused', { error, description: single(query, 'error_description'), step: 'authorize' })
  const code = single(query, 'code')
  if (code === undefined) throw new GatewayError('bad_request')
  return code
}

/** A provider's failure as people and the log shall know it. */
export function translated(error: unknown, provider: Provider): unknown {
  if (!(error instanceof ProviderError)) return error
  if (error.failure === 'unavailable') return new GatewayError('provider_unavailable', { cause: error })
  const detail = [error.error ?? error.failure, error.description].filter(Boolean).join(': ')
  return new GatewayError('provider_refused', { cause: error, owner: `${provider.title} answered "${detail}".` })
}

/** Whether the provider refused the scopes: Cognito says so in the description, others in `error`. */
export function isRefusedScope({ cause }: GatewayError): boolean {
  return cause instanceof ProviderError && [cause.error, cause.description].includes('invalid_scope')
}
