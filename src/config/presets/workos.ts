import { type Preset, standardClaims } from './preset.ts'

const application = 'WorkOS dashboard: Connect > Applications > your OAuth application'

/**
 * WorkOS Connect, which signs people in with AuthKit: an OAuth application there, not the API key. It sends
 * `email_verified`; no groups, but `org_id` when the person chose an organisation. Its session cannot be ended by
 * OpenID Connect, nor tokens revoked.
 */
export const workos: Preset<'domain'> = {
  title: 'WorkOS',
  protocol: 'openid',
  values: {
    domain: {
      kind: 'domain',
      description: 'The AuthKit domain, or its custom domain.',
      where: 'WorkOS dashboard: Domains > AuthKit',
      example: 'https://brave-river-42.authkit.app',
      placeholder:
        /your[-_.]?(app|tenant|domain|subdomain|authkit|env|project)|[{<].*[}>]|\/\/(subdomain|tenant|env)\./i,
      form: ['^(?!.*\\bapi\\.workos\\.com)', 'must be the AuthKit domain, not that of the API'],
    },
  },
  where: {
    client_id: `${application} > Client ID`,
    client_secret: `${application} > Client secrets`,
    callback: `${application} > Redirect URIs`,
  },
  clientIdExample: 'client_01K3V9QX7M2C4T8R5B1W6ZJD0E',
  secret: 'optional',
  issuer: ({ domain }) => domain,
  endpoints: () => ({}),
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  authorizeParams: {},
  claimNames: standardClaims,
  clientAuthentication: 'client_secret_post',
  signOut: 'local',
}
