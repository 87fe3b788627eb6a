/**
 * How a provider failed us.
 * `invalid_grant`: it no longer honours the code or token. `refused`: it answered no for another reason, as
 * `invalid_client`; nothing is wrong with the user. `unavailable`: no usable answer, the outcome is unknown.
 * `wrong_user`: it answered with somebody else's tokens, or with an ID token that does not verify.
 */
export type ProviderFailure = 'invalid_grant' | 'refused' | 'unavailable' | 'wrong_user'

/** What the provider said, for the log and the tool owner: never a token or a secret. */
export interface ProviderErrorOptions {
  readonly cause?: unknown
  readonly error?: string | undefined
  readonly description?: string | undefined
  readonly status?: number | undefined
  readonly retryAfterSeconds?: number | undefined
}

/** A provider's failure, translated by the adapter that met it. */
export class ProviderError extends Error {
  readonly failure: ProviderFailure
  readonly error: string | undefined
  readonly description: string | undefined
  readonly status: number | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(failure: ProviderFailure, options: ProviderErrorOptions = {}) {
    super(`provider: ${[failure, options.status, options.error, options.description].filter(Boolean).join(' ')}`, {
      cause: options.cause,
    })
    this.name = 'ProviderError'
    this.failure = failure
    this.error = options.error
    this.description = options.description
    this.status = options.status
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
