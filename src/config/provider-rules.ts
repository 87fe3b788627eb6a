import { childPath, type Findings } from './findings.ts'
import { withScheme } from './leaves.ts'
import type { Preset } from './presets/preset.ts'
import { presets } from './presets/presets.ts'
import type { Draft } from './schema.ts'

type DraftProvider = NonNullable<NonNullable<Draft['providers']>[string]>
type DraftOf<Type extends DraftProvider['type']> = Extract<DraftProvider, { readonly type?: Type | undefined }>

/** The rules over the keys of each provider. A key that is there but wrong has been reported: it counts as there. */
export function checkProviders({ providers = {} }: Draft, findings: Findings): void {
  for (const [name, provider] of Object.entries(providers)) {
    if (provider === undefined) continue
    const path = childPath('providers', name)
    if (provider.type === 'cognito') checkCognito(provider, path, findings)
    if (provider.type === 'oauth2') checkUserinfo(provider, path, findings)
    else if (hasIdToken(provider)) checkOpenid(provider, path, findings)
    if ('domain' in provider) warnOfMendedDomain(provider.domain, path, findings)
  }
}

/** Whether people may sign in with it; a provider that is not known well enough gets the benefit of the doubt. */
export function canSignIn(provider: DraftProvider | undefined): boolean {
  return provider?.type !== 'oauth2' || ('userinfo_endpoint' in provider && 'subject' in provider)
}

/** Whether it speaks OpenID Connect; a provider that is not known well enough gets the benefit of the doubt. */
export function hasIdToken(provider: DraftProvider | undefined): boolean {
  return provider?.type !== 'oauth2' && presetOf(provider)?.protocol !== 'oauth2'
}

/** Whether access tokens that somebody presents can be verified; one that is not known well enough gets the benefit of the doubt. */
export function hasIssuer(provider: DraftProvider | undefined): boolean {
  if (provider?.type === 'cognito') return 'user_pool_id' in provider || 'issuer' in provider
  return hasIdToken(provider)
}

/** Its title, if everybody can have an account there. */
export function openTitle(provider: DraftProvider | undefined): string | undefined {
  const preset = presetOf(provider)
  return preset?.isOpen ? preset.title : undefined
}

function presetOf(provider: DraftProvider | undefined): Preset | undefined {
  return Object.entries<Preset>(presets).find(([type]) => type === provider?.type)?.[1]
}

function checkCognito(provider: DraftOf<'cognito'>, path: string, { problem, warning }: Findings): void {
  if (!('domain' in provider) && !('authorization_endpoint' in provider && 'token_endpoint' in provider)) {
    problem(
      `${path}.domain`,
      'is missing; add the user pool domain (AWS console: Cognito > User pools > your pool > Branding > Domain)',
    )
  }
  if (!('user_pool_id' in provider) && !('issuer' in provider)) {
    warning(
      `${path}.user_pool_id`,
      'is missing; the issuer is taken from the first ID token, add it (AWS console: Cognito > User pools > your pool > Overview)',
    )
  }
  const domainRegion = /\.auth\.([a-z0-9-]+)\.amazoncognito\.com/.exec(provider.domain?.toLowerCase() ?? '')?.[1]
  const poolRegion = provider.user_pool_id?.split('_')[0]
  if (domainRegion !== undefined && poolRegion !== undefined && domainRegion !== poolRegion) {
    problem(`${path}.user_pool_id`, 'is in another region than domain; both must belong to the same user pool')
  }
}

/** The user info endpoint alone is fine: it is used once `subject` says how. */
function checkUserinfo(provider: DraftOf<'oauth2'>, path: string, { problem }: Findings): void {
  if ('subject' in provider && !('userinfo_endpoint' in provider)) {
    problem(`${path}.userinfo_endpoint`, 'is missing; subject is a field of what it answers, add it or remove subject')
  }
}

function checkOpenid({ scopes }: DraftProvider, path: string, { problem }: Findings): void {
  if (scopes !== undefined && !scopes.includes('openid')) {
    problem(`${path}.scopes`, 'must hold openid; without it nobody can be signed in')
  }
}

function warnOfMendedDomain(domain: string | undefined, path: string, { warning }: Findings): void {
  if (domain === undefined) return
  if (withScheme(domain) !== domain) warning(`${path}.domain`, 'has no scheme; https:// is assumed, write it out')
  if (domain.endsWith('/')) warning(`${path}.domain`, 'ends with /; it is taken off, remove it')
}
