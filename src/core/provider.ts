import { shown } from './check/probe.ts'
import type { ClaimNames, Claims } from './claims.ts'

/** What a provider's token endpoint gave, verified. Times in milliseconds since the epoch. */
export interface ProviderTokens {
  readonly accessToken: string
  /** Absent when the answer has none: the one sent stays good. */
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly expiresInSeconds: number | undefined
  readonly scopes: readonly string[]
  /** Verified claims; absent when the answer brought none. */
  readonly claims: Claims | undefined
  /** The answer has claims that could not be verified yet, or looked up: `recheck` may, later. */
  readonly claimsUnverified?: boolean
}

/** What a provider is asked for a new sign-in. */
interface AuthorizationRequest {
  readonly state: string
  readonly nonce: string
  readonly codeChallenge: string
  readonly scopes: readonly string[]
}

/** What it takes to turn a code into tokens. `scopes` were asked for: they count as granted when nothing else is said. */
export interface CodeExchange {
  readonly code: string
  readonly codeVerifier: string
  readonly nonce: string
  readonly scopes: readonly string[]
}

/** Whom an ID token must be about. Without `sub`, nobody knows; a `nonce` counts where the token has one. */
interface ExpectedUser {
  readonly sub: string | undefined
  readonly nonce?: string | undefined
}

/** What is known of the token set that is refreshed. */
interface RefreshContext extends ExpectedUser {
  readonly scopes: readonly string[]
}

/** What there is to learn claims from. With an ID token, it is verified; else the user info endpoint is asked. */
interface ClaimSources {
  readonly accessToken: string
  readonly idToken: string | undefined
}

/** An access token of the provider that a client presented, once it was verified. */
export interface PresentedToken {
  readonly claims: Claims
  readonly scopes: readonly string[]
  /** Whom it was issued to; `undefined` when it does not say. */
  readonly clientId: string | undefined
  /** False for a client that acts for itself (RFC 6749 section 4.4). */
  readonly hasUser: boolean
}

/** What a provider says of a session that it has ended: whose it was, or which one, or both. */
export interface LogoutToken {
  readonly jti: string
  readonly sub: string | undefined
  readonly sid: string | undefined
  /** From then on it would not verify any more. Milliseconds since the epoch. */
  readonly endsAt: number
}

/** An OAuth authorization server that users sign in with, or connect. Calls throw ProviderError where they say nothing else. */
export interface Provider {
  readonly name: string
  /** As shown to people. */
  readonly title: string
  /** Fingerprint of issuer (else token endpoint) and client id. */
  readonly client: string
  readonly clientId: string
  /** What every sign-in asks for. */
  readonly scopes: readonly string[]
  /** It says who the user is. One that does not can only be connected. */
  readonly canSignIn: boolean
  /** Revoking a refresh token leaves others of the same user good. Most end all that the user granted (RFC 7009 section 2.1). */
  readonly revokesAlone: boolean
  readonly claimNames: ClaimNames
  readonly trustUnverifiedEmail: boolean
  readonly timeoutMs: number
  /** Calls per second to its token endpoint. */
  readonly maxRate: number
  readonly refreshLifetimeMs: number
  authorizationUrl(request: AuthorizationRequest): Promise<string>
  /** Whether it answers, or did a moment ago; of one that cannot be asked for anything, true. */
  isThere(): Promise<boolean>
  /** Whether an authorization response with this `iss`, or without one, may be its own (RFC 9207 section 2.4). */
  isAnswerFrom(iss: string | undefined): Promise<boolean>
  /** Has claims when the provider says who the user is; they were verified. */
  exchange(exchange: CodeExchange): Promise<ProviderTokens>
  refresh(refreshToken: string, context: RefreshContext): Promise<ProviderTokens>
  /** Verified claims for an access token that is still good; `undefined` when it has none to give. */
  recheck(sources: ClaimSources, expected: ExpectedUser): Promise<Claims | undefined>
  revoke(refreshToken: string): Promise<void>
  /**
   * What an access token says that somebody presents to us; it must be meant for us, or for one of `listed` (client IDs
   * and audiences). Throws GatewayError `invalid_token`, and `provider_unavailable` when its keys cannot be had.
   */
  verifyPresented(token: string, listed: readonly string[]): Promise<PresentedToken>
  /**
   * What a logout token says that the provider sent us. Absent where it sends none. Throws GatewayError `invalid_token`,
   * and `provider_unavailable` when its keys cannot be had.
   */
  readonly verifyLogout?: ((token: string) => Promise<LogoutToken>) | undefined
  /** Where the browser ends the provider's own session, coming back to `returnTo`; `undefined`: it stays. */
  signOutUrl(returnTo: string, idToken: string | undefined): Promise<string | undefined>
}

/**
 * How a provider failed us.
 * `invalid_grant`: it no longer honours the code or token. `refused`: it answered no for another reason, as
 * `invalid_client`; nothing is wrong with the user. `unavailable`: no usable answer, the outcome is unknown.
 * `wrong_user`: it answered with somebody else's tokens, or with an ID token that does not verify.
 */
export type ProviderFailure = 'invalid_grant' | 'refused' | 'unavailable' | 'wrong_user'

/** Which step of a sign-in it was. */
export type ProviderStep = 'authorize' | 'callback' | 'code_exchange' | 'id_token' | 'user_info'

/** What the provider said, for the log and the tool owner: never a token or a secret. */
export interface ProviderErrorOptions {
  readonly cause?: unknown
  readonly error?: string | undefined
  readonly description?: string | undefined
  readonly status?: number | undefined
  readonly retryAfterSeconds?: number | undefined
  readonly step?: ProviderStep | undefined
}

/** A provider's failure, translated by the adapter that met it. Its words are fit to be shown. */
export class ProviderError extends Error {
  readonly failure: ProviderFailure
  readonly error: string | undefined
  readonly description: string | undefined
  readonly status: number | undefined
  readonly retryAfterSeconds: number | undefined
  readonly step: ProviderStep | undefined

  constructor(failure: ProviderFailure, options: ProviderErrorOptions = {}) {
    const error = options.error && shown(options.error)
    const description = options.description && shown(options.description)
    super(`provider: ${[failure, options.status, error, description].filter(Boolean).join(' ')}`, {
      cause: options.cause,
    })
    this.name = 'ProviderError'
    this.failure = failure
    this.error = error
    this.description = description
    this.status = options.status
    this.retryAfterSeconds = options.retryAfterSeconds
    this.step = options.step
  }
}
