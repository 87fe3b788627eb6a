import type { ProviderSettings } from '../provider-settings.ts'

/** What it takes to check a provider: the client as it is configured, and the two addresses it must have registered. */
export interface CheckedProvider
  extends Pick<
    ProviderSettings,
    'name' | 'issuer' | 'clientId' | 'clientSecret' | 'clientAuthentication' | 'scopes' | 'authorizeParams' | 'signOut'
  > {
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  /** Absent when it is not known; then sign-out is not checked. */
  readonly endSessionEndpoint: string | undefined
  readonly redirectUri: string
  readonly signedOutUrl: string
}
