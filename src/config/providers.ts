import type { Endpoints, ProviderSettings } from '../core/provider-settings.ts'
import type { Preset } from './presets/preset.ts'
import { presets } from './presets/presets.ts'
import type { Config, ProviderConfig } from './schema.ts'

/** The providers of a config as the core knows them, in the order of the file: the first is the default. */
export function providersOf(config: Config): readonly ProviderSettings[] {
  return Object.entries(config.providers).map(([name, provider]) => settingsOf(name, provider))
}

/** Where a provider sends the browser back to: the first one to `/callback`, each other one to a path of its own. */
export function ownAddresses({ public_url: origin, base_path: base, providers }: Config, name: string) {
  const isFirst = Object.keys(providers)[0] === name
  return {
    redirectUri: `${origin}${base}/callback${isFirst ? '' : `/${name}`}`,
    signedOutUrl: `${origin}${base}/signed-out`,
  }
}

function settingsOf(name: string, provider: ProviderConfig): ProviderSettings {
  switch (provider.type) {
    case 'cognito':
      return cognito(name, provider)
    case 'oidc':
      return oidc(name, provider)
    case 'oauth2':
      return oauth2(name, provider)
    default:
      return preset(name, provider)
  }
}

type Of<Type extends ProviderConfig['type']> = Extract<ProviderConfig, { readonly type: Type }>

/** What an issuer must look like when neither it nor the user pool is known. */
const cognitoIssuer = /^https:\/\/(?:issuer-)?cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/[\w-]+$/

function cognito(name: string, provider: Of<'cognito'>): ProviderSettings {
  const issuer = provider.issuer ?? (provider.user_pool_id && issuerOf(provider.user_pool_id))
  const endpoints = { ...(provider.domain && endpointsOf(provider.domain)), ...keysOf(issuer), ...written(provider) }
  return {
    ...common(name, provider),
    protocol: 'openid',
    issuer,
    issuerPattern: issuer === undefined ? cognitoIssuer : undefined,
    endpoints,
    discovers: false,
    clientAuthentication: 'client_secret_basic',
    claimNames: provider.claims,
    // Access tokens of the pool are JWTs of the same issuer.
    requiredClaims: { token_use: 'id' },
    signOut: provider.sign_out === 'provider' && endpoints.endSessionEndpoint !== undefined ? 'cognito' : 'local',
  }
}

function endpointsOf(domain: string): Partial<Endpoints> {
  return {
    authorizationEndpoint: `${domain}/oauth2/authorize`,
    tokenEndpoint: `${domain}/oauth2/token`,
    userinfoEndpoint: `${domain}/oauth2/userInfo`,
    revocationEndpoint: `${domain}/oauth2/revoke`,
    endSessionEndpoint: `${domain}/logout`,
  }
}

/** A pool's id begins with its region. */
function issuerOf(userPoolId: string): string {
  const region = userPoolId.slice(0, userPoolId.indexOf('_'))
  return `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`
}

function keysOf(issuer: string | undefined): Partial<Endpoints> {
  return issuer === undefined ? {} : { jwksUri: `${issuer}/.well-known/jwks.json` }
}

function oidc(name: string, provider: Of<'oidc'>): ProviderSettings {
  const endpoints = written(provider)
  const { authorizationEndpoint, tokenEndpoint, jwksUri } = endpoints
  return {
    ...common(name, provider),
    protocol: 'openid',
    issuer: provider.issuer,
    issuerPattern: undefined,
    endpoints,
    // With all that a sign-in needs written down, the metadata need not even exist.
    discovers: authorizationEndpoint === undefined || tokenEndpoint === undefined || jwksUri === undefined,
    clientAuthentication: provider.client_authentication,
    claimNames: provider.claims,
    signOut: provider.sign_out === 'provider' ? 'openid' : 'local',
  }
}

function oauth2(name: string, provider: Of<'oauth2'>): ProviderSettings {
  const { userinfoEndpoint, ...endpoints } = written(provider)
  // Without the field that identifies the user, what it answers says nothing.
  const saysWho = provider.subject !== undefined && userinfoEndpoint !== undefined
  return {
    ...common(name, provider),
    protocol: 'oauth2',
    issuer: undefined,
    issuerPattern: undefined,
    endpoints: saysWho ? { ...endpoints, userinfoEndpoint } : endpoints,
    discovers: false,
    clientAuthentication: provider.client_authentication,
    claimNames: { user: provider.subject ?? 'sub', ...provider.claims },
    subject: provider.subject,
    signOut: 'local',
  }
}

/** A preset says what its type of provider is like; the file, which one of them it is. */
function preset(name: string, provider: Of<keyof typeof presets>): ProviderSettings {
  const known: Preset = presets[provider.type]
  const written: Readonly<Record<string, unknown>> = provider
  const values = Object.fromEntries(Object.keys(known.values).map((key) => [key, String(written[key])]))
  return {
    ...common(name, provider),
    title: name === provider.type ? known.title : titleOf(name),
    protocol: known.protocol,
    issuer: known.issuer(values),
    issuerPattern: undefined,
    endpoints: known.endpoints(values),
    discovers: known.protocol === 'openid',
    clientAuthentication: known.clientAuthentication,
    authorizeParams: { ...known.authorizeParams, ...provider.authorize_params },
    claimNames: { ...known.claimNames, ...provider.claims },
    subject: known.subject,
    signOut: provider.sign_out === 'local' ? 'local' : known.signOut,
  }
}

/** What people call it is what its owner does. */
const titleOf = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

function common(name: string, provider: ProviderConfig) {
  return {
    name,
    title: titleOf(name),
    clientId: provider.client_id,
    clientSecret: provider.client_secret,
    scopes: provider.scopes,
    authorizeParams: provider.authorize_params,
    isCognito: provider.type === 'cognito',
    requiredClaims: {},
    subject: undefined,
    trustUnverifiedEmail: provider.trust_unverified_email,
    refreshLifetimeMs: provider.refresh_lifetime,
    timeoutMs: provider.timeout,
    maxRate: provider.max_rate,
  }
}

interface WrittenEndpoints {
  readonly authorization_endpoint?: string
  readonly token_endpoint?: string
  readonly userinfo_endpoint?: string
  readonly revocation_endpoint?: string
  readonly end_session_endpoint?: string
  readonly jwks_uri?: string
}

/** The endpoints that are in the file. */
function written(provider: WrittenEndpoints): Partial<Endpoints> {
  return {
    ...(provider.authorization_endpoint && { authorizationEndpoint: provider.authorization_endpoint }),
    ...(provider.token_endpoint && { tokenEndpoint: provider.token_endpoint }),
    ...(provider.userinfo_endpoint && { userinfoEndpoint: provider.userinfo_endpoint }),
    ...(provider.revocation_endpoint && { revocationEndpoint: provider.revocation_endpoint }),
    ...(provider.end_session_endpoint && { endSessionEndpoint: provider.end_session_endpoint }),
    ...(provider.jwks_uri && { jwksUri: provider.jwks_uri }),
  }
}
