import t from 'tap'
import { localCognito } from './support.ts'

t.test('discovery has exactly these keys, and does not tell of PKCE', async (t) => {
  const { domain, issuer, request } = await localCognito(t)

  const answer = await request(`${issuer}/.well-known/openid-configuration`)

  t.equal(answer.status, 200)
  t.strictSame(await answer.json(), {
    authorization_endpoint: `${domain}/oauth2/authorize`,
    end_session_endpoint: `${domain}/logout`,
    id_token_signing_alg_values_supported: ['RS256'],
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ['code', 'token'],
    revocation_endpoint: `${domain}/oauth2/revoke`,
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
    token_endpoint: `${domain}/oauth2/token`,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    userinfo_endpoint: `${domain}/oauth2/userInfo`,
  })
})

t.test('domain and issuer are different origins, and the issuer ends in the pool id', async (t) => {
  const { domain, issuer } = await localCognito(t, { id: 'eu-west-1_Other' })

  t.not(new URL(domain).origin, new URL(issuer).origin)
  t.match(issuer, /^http:\/\/localhost:\d+\/eu-west-1_Other$/)
})

t.test('a pool without a domain advertises endpoints at the issuer, none of which work', async (t) => {
  const { authorize, change, issuer, request } = await localCognito(t)
  await change('PATCH', '/pool', { domain: false })

  const advertised = (await (await request(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    string
  >
  const asked = await request(advertised.authorization_endpoint ?? '')

  t.match(advertised, {
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userInfo`,
    end_session_endpoint: `${issuer}/logout`,
    revocation_endpoint: `${issuer}/revoke`,
  })
  t.equal(asked.status, 400)
  t.strictSame(await asked.json(), {
    code: 'BadRequest',
    message: 'The server did not understand the operation that was requested.',
    type: 'client',
  })
  t.equal((await authorize()).status, 404)
})

t.test('there is no RFC 8414 document anywhere', async (t) => {
  const { domain, issuer, request } = await localCognito(t)
  const { origin } = new URL(issuer)

  for (const url of [domain, origin, issuer]) {
    t.equal((await request(`${url}/.well-known/oauth-authorization-server`)).status, 400)
  }
})
