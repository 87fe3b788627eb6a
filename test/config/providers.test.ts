import t from 'tap'
import { parseConfig } from '../../src/config/load.ts'
import { providersOf } from '../../src/config/providers.ts'
import type { ProviderSettings } from '../../src/core/provider-settings.ts'

async function settingsOf(...providers: readonly string[]): Promise<readonly ProviderSettings[]> {
  const text = `public_url: https://tools.acme.io
providers:
${providers.map((provider) => `  ${provider}\n`).join('')}routes: [{ name: a, path: /a, upstream: "http://127.0.0.1:3000", access: public }]
`
  const { config } = await parseConfig(text, 'toolgate.yaml', {})
  return providersOf(config)
}

const always = {
  isCognito: false,
  clientId: 'abc',
  clientSecret: 's3cret',
  issuerPattern: undefined,
  scopes: ['openid', 'profile', 'email'],
  authorizeParams: {},
  claimNames: { user: 'sub', email: 'email', name: 'name', groups: 'groups' },
  requiredClaims: {},
  subject: undefined,
  trustUnverifiedEmail: false,
  refreshLifetimeMs: 2_592_000_000,
  timeoutMs: 10_000,
  maxRate: 100,
} as const

const discovered = { protocol: 'openid', endpoints: {}, discovers: true, signOut: 'openid' } as const
const basic = { clientAuthentication: 'client_secret_basic' } as const
const post = { clientAuthentication: 'client_secret_post' } as const
const withRefresh = { scopes: ['openid', 'profile', 'email', 'offline_access'] } as const

const cognitoEndpoints = {
  authorizationEndpoint: 'https://auth.acme.io/oauth2/authorize',
  tokenEndpoint: 'https://auth.acme.io/oauth2/token',
  userinfoEndpoint: 'https://auth.acme.io/oauth2/userInfo',
  revocationEndpoint: 'https://auth.acme.io/oauth2/revoke',
  endSessionEndpoint: 'https://auth.acme.io/logout',
}

const pool = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Xk3fP9qLm'

const rows: readonly (readonly [type: string, keys: string, settings: Omit<ProviderSettings, 'name'>])[] = [
  [
    'cognito',
    'domain: "https://auth.acme.io", user_pool_id: eu-west-1_Xk3fP9qLm',
    {
      ...always,
      ...basic,
      title: 'Cognito',
      isCognito: true,
      protocol: 'openid',
      issuer: pool,
      endpoints: { ...cognitoEndpoints, jwksUri: `${pool}/.well-known/jwks.json` },
      discovers: false,
      claimNames: { ...always.claimNames, groups: 'cognito:groups' },
      requiredClaims: { token_use: 'id' },
      signOut: 'cognito',
    },
  ],
  [
    'oidc',
    'issuer: "https://sso.acme.io/"',
    { ...always, ...discovered, ...basic, title: 'Oidc', issuer: 'https://sso.acme.io/' },
  ],
  [
    'oauth2',
    'authorization_endpoint: "https://crm.acme.io/a", token_endpoint: "https://crm.acme.io/t", userinfo_endpoint: "https://crm.acme.io/me", subject: uid, claims: { name: full_name }',
    {
      ...always,
      ...basic,
      title: 'Oauth2',
      protocol: 'oauth2',
      issuer: undefined,
      endpoints: {
        authorizationEndpoint: 'https://crm.acme.io/a',
        tokenEndpoint: 'https://crm.acme.io/t',
        userinfoEndpoint: 'https://crm.acme.io/me',
      },
      discovers: false,
      scopes: [],
      claimNames: { user: 'uid', email: 'email', name: 'full_name', groups: 'groups' },
      subject: 'uid',
      signOut: 'local',
    },
  ],
  [
    'auth0',
    'domain: acme.eu.auth0.com',
    {
      ...always,
      ...discovered,
      ...post,
      ...withRefresh,
      title: 'Auth0',
      issuer: 'https://acme.eu.auth0.com/',
      endpoints: { endSessionEndpoint: 'https://acme.eu.auth0.com/oidc/logout' },
    },
  ],
  [
    'entra',
    'tenant: 8C2F5B1E-3d47-4a69-b0e8-71d9f6a2c354',
    {
      ...always,
      ...discovered,
      ...post,
      ...withRefresh,
      title: 'Microsoft Entra ID',
      issuer: 'https://login.microsoftonline.com/8c2f5b1e-3d47-4a69-b0e8-71d9f6a2c354/v2.0',
    },
  ],
  [
    'github',
    '',
    {
      ...always,
      ...post,
      title: 'GitHub',
      protocol: 'oauth2',
      issuer: undefined,
      endpoints: {
        authorizationEndpoint: 'https://github.com/login/oauth/authorize',
        tokenEndpoint: 'https://github.com/login/oauth/access_token',
        userinfoEndpoint: 'https://api.github.com/user',
      },
      discovers: false,
      scopes: ['read:user', 'user:email'],
      claimNames: { ...always.claimNames, user: 'id' },
      subject: 'id',
      signOut: 'local',
    },
  ],
  [
    'google',
    '',
    {
      ...always,
      ...discovered,
      ...post,
      title: 'Google',
      issuer: 'https://accounts.google.com',
      authorizeParams: { access_type: 'offline', prompt: 'consent' },
      signOut: 'local',
    },
  ],
  [
    'keycloak',
    'url: "https://sso.acme.io/auth/", realm: Acme',
    { ...always, ...discovered, ...basic, title: 'Keycloak', issuer: 'https://sso.acme.io/auth/realms/Acme' },
  ],
  [
    'okta',
    'domain: "https://acme.okta.com/"',
    {
      ...always,
      ...discovered,
      ...basic,
      ...withRefresh,
      title: 'Okta',
      issuer: 'https://acme.okta.com/oauth2/default',
    },
  ],
  [
    'workos',
    'domain: brave-river-42.authkit.app',
    {
      ...always,
      ...discovered,
      ...post,
      ...withRefresh,
      title: 'WorkOS',
      issuer: 'https://brave-river-42.authkit.app',
      signOut: 'local',
    },
  ],
]

t.test('the settings of each type and preset, from the least one writes', async (t) => {
  for (const [type, keys, expected] of rows) {
    const [settings] = await settingsOf(
      `${type}: { type: ${type}, client_id: abc, client_secret: s3cret${keys && `, ${keys}`} }`,
    )

    t.strictSame(settings, { name: type, ...expected }, type)
  }
})

t.test('the order is that of the file, and a name of the owner is the title', async (t) => {
  const settings = await settingsOf(
    'partners: { type: okta, domain: "https://partners.acme.io", client_id: abc }',
    'auth0: { type: auth0, domain: "https://login.acme.io", client_id: abc }',
  )

  t.strictSame(
    settings.map(({ name, title, clientSecret }) => [name, title, clientSecret]),
    [
      ['partners', 'Partners', undefined],
      ['auth0', 'Auth0', undefined],
    ],
  )
})

t.test('authorize_params of the file are added to those of the preset, and win', async (t) => {
  const [google] = await settingsOf(
    'google: { type: google, client_id: abc, client_secret: x1, authorize_params: { prompt: none, hd: acme.io } }',
  )

  t.strictSame(google?.authorizeParams, { access_type: 'offline', prompt: 'none', hd: 'acme.io' })
})

t.test("sign_out: local leaves the provider's session", async (t) => {
  const settings = await settingsOf(
    'a: { type: cognito, domain: auth.acme.io, client_id: abc, sign_out: local }',
    'b: { type: oidc, issuer: "https://sso.acme.io", client_id: abc, sign_out: local }',
    'c: { type: keycloak, url: "https://sso.acme.io", realm: acme, client_id: abc, sign_out: local }',
  )

  t.strictSame(
    settings.map(({ signOut }) => signOut),
    ['local', 'local', 'local'],
  )
})

t.test('the issuer of a Cognito pool that is not named is learnt, if it looks like one', async (t) => {
  const [cognito] = await settingsOf('a: { type: cognito, domain: auth.acme.io, client_id: abc }')

  t.equal(cognito?.issuer, undefined)
  t.strictSame(cognito?.endpoints, cognitoEndpoints)
  t.match(pool, cognito?.issuerPattern)
  t.match('https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Xk3fP9qLm', cognito?.issuerPattern)
  for (const issuer of ['https://cognito-idp.eu-west-1.amazonaws.com.evil.io/x', 'https://evil.io/', `${pool}/x`]) {
    t.notMatch(issuer, cognito?.issuerPattern)
  }
})

t.test('what is written of a Cognito domain overrides what follows from it', async (t) => {
  const [cognito] = await settingsOf(
    'a: { type: cognito, domain: auth.acme.io, issuer: "http://localhost:1/p", token_endpoint: "http://localhost:2/t", client_id: abc }',
  )

  t.equal(cognito?.issuer, 'http://localhost:1/p')
  t.strictSame(cognito?.endpoints, {
    ...cognitoEndpoints,
    tokenEndpoint: 'http://localhost:2/t',
    jwksUri: 'http://localhost:1/p/.well-known/jwks.json',
  })
})

t.test('a Cognito provider without domain has the endpoints that are written and no other', async (t) => {
  const [cognito] = await settingsOf(
    'a: { type: cognito, authorization_endpoint: "https://a.io/a", token_endpoint: "https://a.io/t", client_id: abc }',
  )

  t.strictSame(cognito?.endpoints, { authorizationEndpoint: 'https://a.io/a', tokenEndpoint: 'https://a.io/t' })
  t.equal(cognito?.signOut, 'local')
})

t.test('with all that a sign-in needs written, the metadata of an issuer is not asked for', async (t) => {
  const some = 'authorization_endpoint: "https://a.io/a", token_endpoint: "https://a.io/t"'
  const settings = await settingsOf(
    `a: { type: oidc, issuer: "https://a.io", client_id: abc, ${some} }`,
    `b: { type: oidc, issuer: "https://a.io", client_id: abc, ${some}, jwks_uri: "https://a.io/k" }`,
  )

  t.strictSame(
    settings.map(({ discovers }) => discovers),
    [true, false],
  )
})

t.test('a user info endpoint of oauth2 is used once subject says how', async (t) => {
  const some = 'authorization_endpoint: "https://a.io/a", token_endpoint: "https://a.io/t", client_id: abc'
  const [crm] = await settingsOf(`crm: { type: oauth2, ${some}, userinfo_endpoint: "https://a.io/me" }`)

  t.strictSame(crm?.endpoints, { authorizationEndpoint: 'https://a.io/a', tokenEndpoint: 'https://a.io/t' })
  t.equal(crm?.subject, undefined)
})

t.test('client_authentication is as written', async (t) => {
  const [oidc] = await settingsOf(
    'a: { type: oidc, issuer: "https://a.io", client_id: abc, client_authentication: client_secret_post }',
  )

  t.equal(oidc?.clientAuthentication, 'client_secret_post')
})

t.test('okta: org is the authorization server of the organisation itself', async (t) => {
  const [okta] = await settingsOf(
    'okta: { type: okta, domain: "https://acme.okta.com", authorization_server: org, client_id: abc }',
  )

  t.equal(okta?.issuer, 'https://acme.okta.com')
})
