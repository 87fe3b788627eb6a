import { type Preset, standardClaims } from './preset.ts'

const app = 'GitHub: Settings > Developer settings > OAuth Apps > your app'

/**
 * GitHub, which is OAuth 2.0 without OpenID Connect: its API says who a token belongs to. The answer has the public
 * e-mail address, if there is one, and nothing that says it is verified. Tokens of OAuth Apps neither end nor refresh.
 * Revoking is not that of RFC 7009. It answers errors of the token endpoint with status 200.
 */
export const github: Preset<never> = {
  title: 'GitHub',
  protocol: 'oauth2',
  values: {},
  where: {
    client_id: `${app} > Client ID`,
    client_secret: `${app} > Client secrets`,
    callback: `${app} > Authorization callback URL`,
  },
  clientIdExample: 'Ov23liR7kQm2Xc9TzB4e',
  secret: 'required',
  isOpen: true,
  issuer: () => undefined,
  endpoints: () => ({
    authorizationEndpoint: 'https://github.com/login/oauth/authorize',
    tokenEndpoint: 'https://github.com/login/oauth/access_token',
    userinfoEndpoint: 'https://api.github.com/user',
  }),
  scopes: ['read:user', 'user:email'],
  authorizeParams: {},
  claimNames: { ...standardClaims, user: 'id' },
  // Names can be changed and taken over by others; the number cannot.
  subject: 'id',
  clientAuthentication: 'client_secret_post',
  signOut: 'local',
}
