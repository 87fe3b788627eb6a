import { type Preset, standardClaims } from './preset.ts'

const application = 'Okta admin console: Applications > your app > General'

/**
 * Okta. With the code flow its ID token has the address but no `email_verified`: only the user info has. Groups need a
 * groups claim on the authorization server. Its sign-out wants the ID token as a hint.
 */
export const okta: Preset<'domain' | 'authorization_server'> = {
  title: 'Okta',
  protocol: 'openid',
  values: {
    domain: {
      kind: 'domain',
      description: 'The domain of the organisation, without -admin, or its custom domain.',
      where: 'Okta admin console: the menu at the top right, below your name',
      example: 'https://acme.okta.com',
      placeholder: /your[-_.]?(okta|org|domain|company)|\{.*\}|dev-(123456|000000|xxx)/i,
      form: ['^(?!.*-admin\\.)', 'is that of the admin console; take -admin out'],
    },
    authorization_server: {
      kind: 'name',
      description: 'The ID of the authorization server; org for that of the organisation itself.',
      where: 'Okta admin console: Security > API > Authorization Servers',
      example: 'ausq7v2m9c4x8k1t5r3w',
      default: 'default',
      placeholder: /your|\{|<|^aus(x+|1234.*|\.\.\.)$/i,
      form: ['^[A-Za-z0-9_-]+$', 'must be the ID of an authorization server, default or org'],
    },
  },
  where: {
    client_id: `${application} > Client Credentials > Client ID`,
    client_secret: `${application} > Client Credentials > Client secrets`,
    callback: `${application} > Login > Sign-in redirect URIs`,
  },
  clientIdExample: '0oaq7v2m9c4x8k1t5r3w',
  secret: 'optional',
  issuer: ({ domain, authorization_server: server }) => (server === 'org' ? domain : `${domain}/oauth2/${server}`),
  endpoints: () => ({}),
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  authorizeParams: {},
  claimNames: standardClaims,
  clientAuthentication: 'client_secret_basic',
  signOut: 'openid',
}
