import type { ClaimNames } from '../../core/claims.ts'
import type { Endpoints, ProviderSettings } from '../../core/provider-settings.ts'

/** A value of its own that a preset asks for, beside the client. */
export interface PresetValue {
  /** `domain`: an origin, scheme and slash at its end mended. `url`: an https address. `name`: text of the `form`. */
  readonly kind: 'domain' | 'url' | 'name'
  readonly description: string
  /** Where the provider shows it. */
  readonly where: string
  readonly example: string
  readonly default?: string
  /** What documentation writes in its place, hosts of `example.com` aside. */
  readonly placeholder: RegExp
  /** What it must look like, and the sentence for when it does not. */
  readonly form?: readonly [pattern: string, sentence: string]
}

/** What the gateway knows of a provider by itself, as data. */
export interface Preset<Key extends string = string> {
  readonly title: string
  readonly protocol: ProviderSettings['protocol']
  readonly values: Readonly<Record<Key, PresetValue>>
  /** Where the provider shows what every client has, and takes the callback address. */
  readonly where: { readonly client_id: string; readonly client_secret: string; readonly callback: string }
  readonly clientIdExample: string
  /** Whether a client may do without a secret. */
  readonly secret: 'required' | 'optional'
  /** Whether anybody on the internet can have an account there. */
  readonly isOpen?: true
  /** Its issuer, of the values as they are used. Whatever `endpoints` leaves out comes from its metadata. */
  issuer(values: Readonly<Record<Key, string>>): string | undefined
  endpoints(values: Readonly<Record<Key, string>>): Partial<Endpoints>
  readonly scopes: readonly string[]
  /** Those of the file are added, and win. */
  readonly authorizeParams: Readonly<Record<string, string>>
  readonly claimNames: ClaimNames
  /** For `oauth2`: the field of the user info that identifies the user. */
  readonly subject?: string
  readonly clientAuthentication: ProviderSettings['clientAuthentication']
  /** How its session can be ended; `local`: not at all. */
  readonly signOut: ProviderSettings['signOut']
}

/** The claims most providers have: those of OpenID Connect Core 1.0 section 5.1, and groups. */
export const standardClaims: ClaimNames = { user: 'sub', email: 'email', name: 'name', groups: 'groups' }
