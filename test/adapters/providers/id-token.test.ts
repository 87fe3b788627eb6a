import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { createIdTokenVerifier } from '../../../src/adapters/providers/id-token.ts'
import { createSigningKeys } from '../../../src/adapters/providers/signing-keys.ts'
import { startTool } from '../../support/tool.ts'

const second = 1_000
const issuer = 'https://sso.example.com'

const failureOf = (verified: Promise<unknown>) => verified.catch(({ failure }) => failure)

/** A provider that publishes one key, or fails to, and a verifier of its ID tokens. */
async function start(t: Test) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256' }
  const published = { kid: 'one', status: 200, fetched: 0 }
  const { url } = await startTool(t, (_request, response) => {
    published.fetched += 1
    response.writeHead(published.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: [{ ...jwk, kid: published.kid }] }))
  })
  const clock = { at: Date.parse('2026-01-01') }
  const now = () => clock.at
  const keys = createSigningKeys({ timeoutMs: 1_000 }, now)
  const verify = createIdTokenVerifier({ issuer, clientId: 'us', requiredClaims: {}, now }, keys)
  const idToken = (claims: object = {}, kid = published.kid) => {
    const at = Math.floor(clock.at / 1000)
    const payload = { iss: issuer, aud: 'us', sub: 'ada', iat: at, exp: at + 300, ...claims } as JWTPayload
    return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
  }
  return { clock, published, idToken, verify: async (token: string, expected = {}) => verify(token, expected, url) }
}

t.test('at a refresh the nonce need not be there; one that is there is that of the sign-in', async (t) => {
  const { idToken, verify } = await start(t)
  const expected = { sub: 'ada', formerNonce: 'n1' }

  await t.resolves(verify(await idToken(), expected))
  await t.resolves(verify(await idToken({ nonce: 'n1' }), expected))
  t.equal(await failureOf(verify(await idToken({ nonce: 'n2' }), expected)), 'wrong_user')
})

t.test('at a refresh the subject is the same, also one that is a number', async (t) => {
  const { idToken, verify } = await start(t)

  await t.resolves(verify(await idToken({ sub: 42 }), { sub: '42' }))
  t.equal(await failureOf(verify(await idToken({ sub: 43 }), { sub: '42' })), 'wrong_user')
  t.equal(await failureOf(verify(await idToken({ sub: 'grace' }), { sub: 'ada' })), 'wrong_user')
})

t.test('keys are fetched at once for the first token with an unknown one, then at most once a second', async (t) => {
  const { clock, published, idToken, verify } = await start(t)
  await verify(await idToken())
  published.kid = 'two'

  await t.resolves(verify(await idToken()))
  t.equal(published.fetched, 2)
  for (let i = 0; i < 5; i++) t.equal(await failureOf(verify(await idToken({}, `made up ${i}`))), 'unavailable')
  t.equal(published.fetched, 2)
  clock.at += second
  t.equal(await failureOf(verify(await idToken({}, 'made up'))), 'unavailable')
  t.equal(published.fetched, 3)
})

t.test('tokens that need a new key at the same time share one fetch, and all verify', async (t) => {
  const { published, idToken, verify } = await start(t)
  await verify(await idToken())
  published.kid = 'two'
  const token = await idToken()

  await t.resolves(Promise.all([verify(token), verify(token), verify(token)]))

  t.equal(published.fetched, 2)
})

t.test('while keys cannot be had the last good ones serve, and are asked for every five seconds', async (t) => {
  const { clock, published, idToken, verify } = await start(t)
  await verify(await idToken())
  published.status = 503
  clock.at += 3_600 * second

  for (let i = 0; i < 5; i++) await t.resolves(verify(await idToken()))

  t.equal(published.fetched, 2)
  clock.at += 5 * second
  await verify(await idToken())
  t.equal(published.fetched, 3)
})
