import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'
import { localCognito } from './support.ts'

t.test('ID and access tokens are signed RS256 by two different published keys', async (t) => {
  const { issuer, tokens } = await localCognito(t)
  const jwks = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))

  const issued = await tokens()
  const access = await jwtVerify(issued.access_token, jwks, { issuer })
  const id = await jwtVerify(issued.id_token ?? '', jwks, { issuer, audience: '1confidential' })

  t.strictSame(Object.keys(access.protectedHeader).sort(), ['alg', 'kid'])
  t.equal(access.protectedHeader.alg, 'RS256')
  t.not(access.protectedHeader.kid, id.protectedHeader.kid)
  t.match(access.protectedHeader.kid, /=$/)
})

t.test('the JWKS has two RSA keys with exactly these members', async (t) => {
  const { issuer, request } = await localCognito(t)

  const answer = await request(`${issuer}/.well-known/jwks.json`)
  const { keys } = (await answer.json()) as { keys: Record<string, string>[] }

  t.equal(keys.length, 2)
  for (const key of keys) {
    t.strictSame(Object.keys(key), ['kid', 'alg', 'kty', 'e', 'n', 'use'])
    t.match(key, { alg: 'RS256', kty: 'RSA', e: 'AQAB', use: 'sig' })
  }
})

t.test('the claims of an access token', async (t) => {
  const { issuer, tokens } = await localCognito(t)

  const claims = decodeJwt((await tokens({ scope: 'openid email' })).access_token)

  t.strictSame(Object.keys(claims).sort(), [
    'acr',
    'amr',
    'auth_time',
    'client_id',
    'cognito:groups',
    'event_id',
    'exp',
    'iat',
    'iss',
    'jti',
    'origin_jti',
    'scope',
    'sub',
    'token_use',
    'username',
    'version',
  ])
  t.match(claims, {
    iss: issuer,
    client_id: '1confidential',
    token_use: 'access',
    scope: 'openid email',
    username: 'ada',
    'cognito:groups': ['analysts'],
    version: 2,
    acr: 'urn:cognito:loa:1',
    amr: ['pwd'],
  })
  t.equal(Number(claims.exp) - Number(claims.iat), 3600)
})

t.test(
  'the claims of an ID token: custom values are strings, email_verified is a boolean, nonce is copied',
  async (t) => {
    const { tokens } = await localCognito(t)

    const { id_token, access_token } = await tokens({ nonce: 'n1' })
    const claims = decodeJwt(id_token ?? '')

    t.strictSame(Object.keys(claims).sort(), [
      'acr',
      'amr',
      'at_hash',
      'aud',
      'auth_time',
      'cognito:groups',
      'cognito:username',
      'custom:team',
      'email',
      'email_verified',
      'event_id',
      'exp',
      'iat',
      'iss',
      'jti',
      'name',
      'nonce',
      'origin_jti',
      'phone_number',
      'phone_number_verified',
      'sub',
      'token_use',
    ])
    t.match(claims, {
      aud: '1confidential',
      token_use: 'id',
      'cognito:username': 'ada',
      email: 'ada@example.com',
      email_verified: true,
      phone_number_verified: false,
      'custom:team': '7',
      nonce: 'n1',
    })
    t.equal(decodeJwt(access_token).nonce, undefined)
  },
)

t.test('groups are absent for a user without any', async (t) => {
  const { tokens } = await localCognito(t)

  const { access_token, id_token } = await tokens({}, 'grace')

  t.notOk('cognito:groups' in decodeJwt(access_token))
  t.notOk('cognito:groups' in decodeJwt(id_token ?? ''))
})

t.test('scopes choose the claims: openid alone shows all, email only its own', async (t) => {
  const { change, tokens } = await localCognito(t)

  const all = decodeJwt((await tokens({ scope: 'openid' })).id_token ?? '')
  const email = decodeJwt((await tokens({ scope: 'openid email' })).id_token ?? '')
  await change('PATCH', '/clients/1confidential', { readable_attributes: ['name'] })
  const readable = decodeJwt((await tokens({ scope: 'openid' })).id_token ?? '')
  const custom = await tokens({ scope: 'reports/read' })

  t.match(all, { name: 'Ada Lovelace', email: 'ada@example.com', phone_number: '+441234', 'custom:team': '7' })
  t.match(email, { email: 'ada@example.com', name: undefined, phone_number: undefined, 'custom:team': undefined })
  t.match(readable, { name: 'Ada Lovelace', email: undefined, 'custom:team': undefined })
  t.equal(custom.id_token, undefined)
})

t.test('a bound resource is the audience, a string, and stays over a refresh', async (t) => {
  const { refresh, tokens } = await localCognito(t)

  const issued = await tokens({ scope: 'openid', resource: 'https://notes.example/mcp' })
  const refreshed = (await (await refresh(issued.refresh_token)).json()) as { access_token: string }

  t.equal(decodeJwt(issued.access_token).aud, 'https://notes.example/mcp')
  t.equal(decodeJwt(refreshed.access_token).aud, 'https://notes.example/mcp')
})

t.test('strict_resource: false follows the documentation, any URL will do', async (t) => {
  const { change, tokens } = await localCognito(t)
  await change('PATCH', '/pool', { strict_resource: false })

  const { access_token } = await tokens({ scope: 'openid', resource: 'https://nowhere.example' })

  t.equal(decodeJwt(access_token).aud, 'https://nowhere.example')
})

t.test('a refresh token looks like a JWE of over 1 kB', async (t) => {
  const { tokens } = await localCognito(t)

  const { refresh_token } = await tokens()

  t.equal(refresh_token.split('.').length, 5)
  t.match(refresh_token, /^eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ\.[\w.-]+$/)
  t.ok(refresh_token.length > 1000)
})

t.test('extra claims are added to both tokens', async (t) => {
  const { change, tokens } = await localCognito(t)
  await change('PATCH', '/pool', { extra_claims: { 'new:claim': { a: 1 } } })

  const { access_token, id_token } = await tokens()

  t.match(decodeJwt(access_token), { 'new:claim': { a: 1 } })
  t.match(decodeJwt(id_token ?? ''), { 'new:claim': { a: 1 } })
})

t.test('without revocation and rotation there is no jti', async (t) => {
  const { change, tokens } = await localCognito(t)
  await change('PATCH', '/clients/1confidential', { revocation: false })

  const claims = decodeJwt((await tokens()).access_token)

  t.strictSame([claims.jti, claims.origin_jti], [undefined, undefined])
})

t.test('a machine token has the client as its subject, no user, and custom scopes only', async (t) => {
  const { token } = await localCognito(t)

  const answer = await token({ grant_type: 'client_credentials' }, '1machine:machine-secret')
  const issued = (await answer.json()) as { access_token: string }

  t.strictSame(Object.keys(issued), ['access_token', 'expires_in', 'token_type'])
  t.match(decodeJwt(issued.access_token), {
    sub: '1machine',
    client_id: '1machine',
    scope: 'reports/read reports/write',
    token_use: 'access',
    username: undefined,
  })
})

t.test('keys rotate: new ones sign, old ones are kept or dropped', async (t) => {
  const { change, issuer, request, tokens, userInfo } = await localCognito(t)
  const published = async () => {
    const { keys } = (await (await request(`${issuer}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
    return keys.map(({ kid }) => kid)
  }
  const before = await tokens()
  const oldKid = decodeProtectedHeader(before.access_token).kid ?? ''

  await change('POST', '/keys/rotate', { keep_old: true })
  const added = await published()
  const kept = await userInfo(before.access_token)
  const after = await tokens()
  await change('POST', '/keys/rotate', { keep_old: false })
  const dropped = await published()
  const refused = await userInfo(before.access_token)

  t.equal(added.length, 4)
  t.ok(added.includes(oldKid))
  t.not(decodeProtectedHeader(after.access_token).kid, oldKid)
  t.equal(kept.status, 200)
  t.equal(dropped.length, 2)
  t.notOk(dropped.includes(oldKid))
  t.equal(refused.status, 401)
})
