import { type Claims, type Profile, profileOf, subjectOf } from './claims.ts'
import type { Provider } from './provider.ts'
import { userKey } from './session.ts'

/** Who somebody is, by verified claims. */
export interface Identity {
  /** The user key: provider and sub. */
  readonly key: string
  readonly provider: string
  readonly sub: string
  readonly profile: Profile
  readonly claims: Claims
  /** The client that the tokens were issued to. */
  readonly clientId: string | undefined
}

/** Who verified claims say a user is. */
export function identityOf(provider: Provider, claims: Claims): Identity {
  const { name, clientId, claimNames, trustUnverifiedEmail } = provider
  const sub = subjectOf(claims[claimNames.user]) ?? ''
  const profile = profileOf(claims, claimNames, trustUnverifiedEmail)
  return { key: userKey(name, sub), provider: name, sub, profile, claims, clientId }
}

/** What we call a user on our pages. */
export function displayName({ profile, sub }: Pick<Identity, 'profile' | 'sub'>): string {
  return profile.email ?? profile.name ?? profile.preferredUsername ?? sub
}
