import { type Preset, standardClaims } from './preset.ts'

const client = 'Google Cloud console: Google Auth Platform > Clients > your client'

/**
 * Google. It sends `email_verified`, no groups, and `hd`, the domain of the Workspace account. A refresh token comes
 * only with `access_type=offline`, and after the first time only with `prompt=consent`; `offline_access` is refused.
 * Its session cannot be ended from outside.
 */
export const google: Preset<never> = {
  title: 'Google',
  protocol: 'openid',
  values: {},
  where: {
    client_id: `${client} > Client ID`,
    client_secret: `${client} > Client secrets`,
    callback: `${client} > Authorised redirect URIs`,
  },
  clientIdExample: '407281950316-q7v2m9c4x8k1t5r3.apps.googleusercontent.com',
  secret: 'required',
  isOpen: true,
  issuer: () => 'https://accounts.google.com',
  endpoints: () => ({}),
  scopes: ['openid', 'profile', 'email'],
  authorizeParams: { access_type: 'offline', prompt: 'consent' },
  claimNames: standardClaims,
  clientAuthentication: 'client_secret_post',
  signOut: 'local',
}
