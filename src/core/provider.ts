import type { ClaimNames, Claims } from './claims.ts'

/** What a provider's token endpoint gave, verified. Times in milliseconds since the epoch. */
export interface ProviderTokens {
  readonly accessToken: string
  /** Absent when the answer has none: the one sent stays good. */
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly expiresInSeconds: number | undefined
  readonly scopes: readonly string[]
  /** Verified claims; absent when the answer brought none, or they could not be verified yet. */
  readonly claims: Claims | undefined
}

/** What a provider is asked for a new sign-in. */
interface AuthorizationRequest {
  readonly state: string
  readonly nonce: string
  readonly codeChallenge: string
}

/** What it takes to turn a code into tokens. */
interface CodeExchange {
  readonly code: string
  readonly codeVerifier: string
  readonly nonce: string
}

/** An OAuth authorization server that users sign in with. All calls throw ProviderError. */
export interface Provider {
  readonly name: string
  /** As shown to people. */
  readonly title: string
  readonly issuer: string | undefined
  /** Fingerprint of issuer (else token endpoint) and client id. */
  readonly client: string
  readonly claimNames: ClaimNames
  readonly trustUnverifiedEmail: boolean
  readonly timeoutMs: number
  readonly refreshLifetimeMs: number
  authorizationUrl(request: AuthorizationRequest): string
  /** Always has claims: a code whose ID token does not verify is refused. */
  exchange(exchange: CodeExchange): Promise<ProviderTokens & { readonly claims: Claims }>
  /** `sub` is the user the tokens must belong to. */
  refresh(refreshToken: string, sub: string): Promise<ProviderTokens>
  revoke(refreshToken: string): Promise<void>
  /** Where the browser ends the provider's own session, coming back to `returnTo`; `undefined`: it stays. */
  signOutUrl(returnTo: string): string | undefined
}

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
