import type { ClaimNames } from './claims.ts'

/** Where a provider answers. OpenID Connect Discovery 1.0, RFC 8414. */
export interface Endpoints {
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly userinfoEndpoint: string
  readonly revocationEndpoint: string
  readonly endSessionEndpoint: string
  readonly jwksUri: string
}

/** A provider as the config describes it, whichever type or preset was written there. Times in milliseconds. */
export interface ProviderSettings {
  readonly name: string
  /** What people call it. */
  readonly title: string
  /** `openid`: an ID token says who the user is. `oauth2`: the user info endpoint does; without one, nobody signs in. */
  readonly protocol: 'openid' | 'oauth2'
  /** It is a Cognito user pool: what its refusals mean is known. */
  readonly isCognito: boolean
  /** Exactly what `iss` must be. Not for `oauth2`, nor where `issuerPattern` stands in for it. */
  readonly issuer: string | undefined
  /** Which issuers may be learnt from the first ID token of the token endpoint. */
  readonly issuerPattern: RegExp | undefined
  /** Those that are known; when `discovers`, the others come from the issuer's metadata. */
  readonly endpoints: Partial<Endpoints>
  readonly discovers: boolean
  readonly clientId: string
  /** Absent for a public client. */
  readonly clientSecret: string | undefined
  readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post'
  /** What every sign-in asks for. */
  readonly scopes: readonly string[]
  readonly authorizeParams: Readonly<Record<string, string>>
  readonly claimNames: ClaimNames
  /** ID token claims that must have exactly this value. */
  readonly requiredClaims: Readonly<Record<string, string>>
  /** For `oauth2`: the field of the user info that identifies the user. */
  readonly subject: string | undefined
  readonly trustUnverifiedEmail: boolean
  /** How the provider's own session ends: OpenID RP-Initiated Logout, Cognito's form of it, or not at all. */
  readonly signOut: 'openid' | 'cognito' | 'local'
  readonly refreshLifetimeMs: number
  readonly timeoutMs: number
  /** Calls per second to its token endpoint. */
  readonly maxRate: number
}
