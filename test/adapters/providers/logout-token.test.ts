import { createHmac } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import t from 'tap'
import { createLogoutTokenVerifier } from '../../../src/adapters/providers/logout-token.ts'
import { createSigningKeys } from '../../../src/adapters/providers/signing-keys.ts'
import { startTool } from '../../support/tool.ts'

const issuer = 'https://sso.test'
const seconds = 1_000_000
const now = () => seconds * 1000
const [ours, stranger] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')]
const jwk = { ...(await exportJWK(ours.publicKey)), kid: 'key', alg: 'ES256' }
let asked = 0
const keys = await startTool(t, (_request, response) => {
  asked += 1
  response.end(JSON.stringify({ keys: [jwk] }))
})
const settings = { name: 'sso', title: 'Sso', clientId: 'toolgate', timeoutMs: 1_000 }

function verifier(jwksUri = keys.url) {
  const verify = createLogoutTokenVerifier(settings, issuer, createSigningKeys(settings, now), now)
  return (token: string) => verify(token, async () => jwksUri)
}
const verify = verifier()

const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
const usual = { iss: issuer, aud: 'toolgate', sub: 'ada', jti: 'j1', iat: seconds, events }
type Said = Readonly<Record<string, unknown>>
const sign = (claims: Said, header: Partial<JWTHeaderParameters> = {}, key = ours.privateKey) =>
  new SignJWT({ ...usual, ...claims } as JWTPayload)
    .setProtectedHeader({ alg: 'ES256', kid: 'key', ...header })
    .sign(key)

t.test('a logout token says whose sessions have ended, or which', async (t) => {
  const good: readonly (readonly [string, Said, object?])[] = [
    ['of a user', {}],
    ['of a session', { sub: undefined, sid: 's1' }],
    ['of both', { sid: 's1' }],
    ['with its own type', {}, { typ: 'logout+jwt' }],
    ['with its own type in full', {}, { typ: 'application/LOGOUT+JWT' }],
    ['as usual before', {}, { typ: 'JWT' }],
    ['for several', { aud: ['other', 'toolgate'] }],
    ['that ends', { exp: seconds + 60 }],
    ['of a clock that is behind', { iat: seconds - 179 }],
    ['of a clock that is ahead', { iat: seconds + 59 }],
  ]

  for (const [name, claims, header] of good) {
    const { sub, sid } = { sid: undefined, ...usual, ...claims }
    t.match(await verify(await sign(claims, header)), { jti: 'j1', sub, sid, endsAt: now() + 240_000 }, name)
  }
})

t.test('what is no logout token for us is refused', async (t) => {
  const bad: readonly (readonly [string, Said, object?])[] = [
    ['of another issuer', { iss: 'https://evil.test' }],
    ['for another client', { aud: 'other' }],
    ['for nobody', { aud: undefined }],
    ['too old', { iat: seconds - 181 }],
    ['from the future', { iat: seconds + 61 }],
    ['of no time', { iat: undefined }],
    ['over', { exp: seconds - 61 }],
    ['an ID token', { events: undefined, nonce: 'n' }],
    ['with a nonce', { nonce: 'n' }],
    ['of another event', { events: { 'https://other.test': {} } }],
    ['of an event that is no object', { events: { 'http://schemas.openid.net/event/backchannel-logout': 'yes' } }],
    ['of an event that is nothing', { events: { 'http://schemas.openid.net/event/backchannel-logout': null } }],
    ['without jti', { jti: undefined }],
    ['of nobody', { sub: undefined }],
    ['of a sub that is no text', { sub: 1 }],
    ['an access token', {}, { typ: 'at+jwt' }],
  ]

  for (const [name, claims, header] of bad) {
    await t.rejects(verify(await sign(claims, header)), { code: 'invalid_token' }, name)
  }
})

t.test('nobody else signs one: no other key, no secret that clients know, nobody at all', async (t) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const unsigned = `${part({ alg: 'none' })}.${part(usual)}.`
  const body = `${part({ alg: 'HS256', kid: 'key' })}.${part(usual)}`
  const secret = `${body}.${createHmac('sha256', 'secret').update(body).digest('base64url')}`

  await t.rejects(verify(await sign({}, {}, stranger.privateKey)), { code: 'invalid_token' })
  await t.rejects(verify(unsigned), { code: 'invalid_token' })
  await t.rejects(verify(secret), { code: 'invalid_token' })
  await t.rejects(verify('nonsense'), { code: 'invalid_token' })
})

t.test('no key is asked for because of a token that is no good whoever signed it', async (t) => {
  const fresh = verifier()
  asked = 0

  await t.rejects(fresh(await sign({ iss: 'https://evil.test' }, { kid: 'made up' })), { code: 'invalid_token' })
  await t.rejects(fresh(await sign({ iat: 1 }, { kid: 'made up' })), { code: 'invalid_token' })
  t.equal(asked, 0)
  for (let at = 0; at < 3; at++) {
    await t.rejects(fresh(await sign({}, { kid: `made up ${at}` })), { code: 'invalid_token' })
  }

  t.equal(asked, 1, 'and not anew for each key that somebody makes up')
})

t.test('while the keys cannot be had nobody can tell', async (t) => {
  await t.rejects(verifier('http://127.0.0.1:9')(await sign({})), { code: 'provider_unavailable', status: 503 })
})
