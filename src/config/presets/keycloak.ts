import { type Preset, standardClaims } from './preset.ts'

const client = 'Keycloak admin console: Clients > your client'

/**
 * Keycloak. It sends `email_verified`. Groups need a Group Membership mapper with `groups` as the claim name, and then
 * are paths, as `/analysts`, unless Full group path is off. Refresh tokens come without `offline_access`, which would
 * open a session that signing out does not end.
 */
export const keycloak: Preset<'url' | 'realm'> = {
  title: 'Keycloak',
  protocol: 'openid',
  values: {
    url: {
      kind: 'url',
      description: 'Where Keycloak lives; up to version 16 with /auth at its end.',
      where: 'the address of the admin console, up to /admin',
      example: 'https://sso.acme.io',
      placeholder: /your[-_.]?(keycloak|domain|host|server)|\{.*\}|\/\/(keycloak|host)\b(?!\.)/i,
      form: ['^(?!.*/(realms|admin)(/|$))', 'must be what comes before /realms or /admin'],
    },
    realm: {
      kind: 'name',
      description: 'The realm.',
      where: 'Keycloak admin console: the name at the top left; letter case counts',
      example: 'acme',
      placeholder: /^(your|my)[-_ ]?realm|[{<]/i,
      form: ['^[^/?#\\s%]+$', 'must be the name of the realm, as the admin console shows it'],
    },
  },
  where: {
    client_id: `${client} > Settings > Client ID`,
    client_secret: `${client} > Credentials > Client Secret`,
    callback: `${client} > Settings > Valid redirect URIs`,
  },
  clientIdExample: 'toolgate',
  secret: 'optional',
  issuer: ({ url, realm }) => `${url}/realms/${encodeURIComponent(realm)}`,
  endpoints: () => ({}),
  scopes: ['openid', 'profile', 'email'],
  authorizeParams: {},
  claimNames: standardClaims,
  clientAuthentication: 'client_secret_basic',
  signOut: 'openid',
}
