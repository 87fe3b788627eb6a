import { type Preset, standardClaims } from './preset.ts'

const application = 'Auth0 dashboard: Applications > your application > Settings'

/**
 * Auth0. It sends `email_verified`. The issuer ends with a slash. Without an `audience` its access tokens are for its
 * user info alone. Groups come only in a claim an Action adds, whose name is a URL.
 */
export const auth0: Preset<'domain'> = {
  title: 'Auth0',
  protocol: 'openid',
  values: {
    domain: {
      kind: 'domain',
      description: 'The domain of the tenant, or its custom domain.',
      where: `${application} > Domain`,
      example: 'https://acme.eu.auth0.com',
      placeholder: /your[-_.]?(tenant|domain|auth0|company|org)|\{.*\}|\/\/(tenant|domain)\./i,
    },
  },
  where: {
    client_id: `${application} > Client ID`,
    client_secret: `${application} > Client Secret`,
    callback: `${application} > Allowed Callback URLs`,
  },
  clientIdExample: 'k3Jx0VdQm7Yb2tRz9LfWc5PaGh8NsEu1',
  secret: 'optional',
  issuer: ({ domain }) => `${domain}/`,
  // The metadata names it only when the tenant is set so.
  endpoints: ({ domain }) => ({ endSessionEndpoint: `${domain}/oidc/logout` }),
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  authorizeParams: {},
  claimNames: standardClaims,
  clientAuthentication: 'client_secret_post',
  signOut: 'openid',
}
