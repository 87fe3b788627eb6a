/**
 * A logout token is taken again, and again, because it does not say when it was made or which one it is.
 * - mod_auth_openidc 2026-08-07, back-channel
 */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startGateway, startParts } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const { privateKey, publicKey } = await generateKeyPair('ES256')
const jwk = { ...(await exportJWK(publicKey)), kid: 'key', alg: 'ES256' }
const keys = await startTool(t, (_request, response) => void response.end(JSON.stringify({ keys: [jwk] })))
const { origin, yaml, echo } = await startParts(t)
const issuer = keys.url
const endpoints = { authorization_endpoint: issuer, token_endpoint: issuer, jwks_uri: issuer }
await startGateway(t, {
  ...yaml,
  log: { level: 'fatal' },
  providers: { sso: { type: 'oidc', issuer, ...endpoints, client_id: 'toolgate', client_secret: 'secret' } },
  routes: [{ name: 'tool', path: '/tool', upstream: echo.url }],
})

/** Tells the gateway that ada has signed out. */
async function tell(token: string) {
  const form = { logout_token: token }
  const { status, body } = await createBrowser().send(`${origin}/oauth/backchannel-logout/sso`, {
    method: 'POST',
    form,
  })
  return { status, body }
}

const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
const iat = Math.floor(Date.now() / 1000)
const sign = (claims: JWTPayload) =>
  new SignJWT({ iss: issuer, aud: 'toolgate', sub: 'ada', events, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'key' })
    .sign(privateKey)

t.test('a logout token is good once', async (t) => {
  const token = await sign({ iat, jti: 'one' })

  t.strictSame(await tell(token), { status: 200, body: '' })
  t.match(await tell(token), { status: 400, body: /used before/ })
  t.equal((await tell(await sign({ iat, jti: 'another' }))).status, 200)
})

t.test('one that does not say when it was made, or which it is, is good for nothing', async (t) => {
  t.match(await tell(await sign({ jti: 'two' })), { status: 400, body: /too old/ })
  t.match(await tell(await sign({ iat })), { status: 400, body: /no jti/ })
  t.match(await tell(await sign({ iat: iat - 3600, jti: 'three' })), { status: 400, body: /too old/ })
})
