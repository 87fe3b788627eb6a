import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import t from 'tap'
import { createPresentedTokenVerifier } from '../../../src/adapters/providers/presented-token.ts'
import { createSigningKeys } from '../../../src/adapters/providers/signing-keys.ts'
import { startTool } from '../../support/tool.ts'

const issuer = 'https://sso.test'
const { privateKey, publicKey } = await generateKeyPair('ES256')
const jwk = { ...(await exportJWK(publicKey)), kid: 'key', alg: 'ES256' }
const keys = await startTool(t, (_request, response) => void response.end(JSON.stringify({ keys: [jwk] })))
const now = () => 1_000_000_000

const verify = createPresentedTokenVerifier(
  {
    name: 'sso',
    title: 'Sso',
    issuer,
    clientId: 'toolgate',
    authorizeParams: { audience: 'https://api.test', prompt: 'login' },
    isCognito: false,
    timeoutMs: 1_000,
  },
  createSigningKeys({ timeoutMs: 1_000 }, now),
  now,
)

const usual = { iss: issuer, aud: 'toolgate', sub: 'ada', azp: 'app', scope: 'a b', exp: 1_000_600 }
const sign = (claims: JWTPayload, header: Partial<JWTHeaderParameters> = {}) =>
  new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'key', ...header }).sign(privateKey)

async function outcome(claims: JWTPayload, header?: object, listed: readonly string[] = []) {
  const token = await sign(claims, header)
  return verify(token, listed, async () => keys.url).catch(({ code }: { code: string }) => code)
}

t.test('an access token is one that says so, or has what no ID token has', async (t) => {
  const typ = (value: string) => ({ typ: value })
  const cases: readonly (readonly [string, boolean, JWTPayload, object?])[] = [
    ['with scopes', true, {}],
    ['with a list of scopes', true, { scope: undefined, scp: ['a', 'b'] }],
    ['with its client', true, { scope: undefined, client_id: 'app' }],
    ["Keycloak's", true, { typ: 'Bearer' }],
    ['RFC 9068', true, { scope: undefined }, typ('at+jwt')],
    ['RFC 9068, in full', true, { scope: undefined }, typ('application/AT+JWT')],
    ['with none of these', false, { scope: undefined }],
    ['with a nonce', false, { nonce: 'n' }],
    ['with at_hash', false, { at_hash: 'h' }],
    ['a logout token', false, { events: {} }],
    ["Keycloak's ID token", false, { typ: 'ID' }],
    ['bound to a key of the client', false, { cnf: { jkt: 'x' } }, typ('at+jwt')],
  ]

  for (const [name, isOne, claims, header] of cases) {
    t.match(await outcome(claims, header), isOne ? { claims: { sub: 'ada' } } : 'invalid_token', name)
  }
})

t.test('it is meant for us, for what sign-ins ask for, or for what is listed', async (t) => {
  const cases: readonly (readonly [unknown, boolean, string?])[] = [
    ['toolgate', true],
    [['account', 'toolgate'], true],
    ['https://api.test', true],
    ['https://api.test/', false],
    ['account', false],
    ['account', true, 'account'],
    ['account', false, 'other'],
    ['login', false],
    [[], false],
    [undefined, false],
  ]

  for (const [aud, isForUs, listed] of cases) {
    const found = await outcome({ aud: aud as string }, {}, listed === undefined ? [] : [listed])
    t.match(found, isForUs ? { claims: {} } : 'invalid_token', `${JSON.stringify(aud)} ${listed}`)
  }
})

t.test('what one route lists is good for that route alone, however often the token was seen', async (t) => {
  const token = await sign({ aud: 'elsewhere' })
  const seen = (listed: readonly string[]) =>
    verify(token, listed, async () => keys.url).then(
      () => 'passes',
      ({ code }) => code,
    )

  t.strictSame(
    [await seen(['elsewhere']), await seen([]), await seen(['elsewhere'])],
    ['passes', 'invalid_token', 'passes'],
  )
})

t.test('whose it is, what it may do, and whether there is a user', async (t) => {
  const cases: readonly (readonly [JWTPayload, object])[] = [
    [{}, { clientId: 'app', scopes: ['a', 'b'], hasUser: true }],
    [{ client_id: 'first' }, { clientId: 'first' }],
    [{ azp: undefined, cid: 'okta' }, { clientId: 'okta' }],
    [{ azp: undefined }, { clientId: undefined, hasUser: true }],
    [{ azp: 5 }, { clientId: undefined }],
    [{ scope: undefined, scp: 'c d' }, { scopes: ['c', 'd'] }],
    [{ scope: undefined, scp: ['c', 'd'] }, { scopes: ['c', 'd'] }],
    [{ sub: undefined as unknown as string }, { hasUser: false }],
    [{ sub: 'app' }, { hasUser: false }],
    [{ sub: 'app@clients', gty: 'client-credentials' }, { hasUser: false }],
    [{ idtyp: 'app' }, { hasUser: false }],
    [{ preferred_username: 'service-account-app' }, { hasUser: false }],
  ]

  for (const [claims, expected] of cases) t.match(await outcome(claims), expected, JSON.stringify(claims))
})

t.test('a token that never ends does not pass', async (t) => {
  t.equal(await outcome({ exp: undefined as unknown as number }), 'invalid_token')
})

t.test('without a known issuer nothing passes: none is learnt from what somebody presents', async (t) => {
  const unpinned = createPresentedTokenVerifier(
    {
      name: 'p',
      title: 'P',
      issuer: undefined,
      clientId: 'toolgate',
      authorizeParams: {},
      isCognito: true,
      timeoutMs: 1,
    },
    createSigningKeys({ timeoutMs: 1_000 }, now),
    now,
  )

  const token = await sign({ client_id: 'toolgate', token_use: 'access', username: 'ada' })
  await t.rejects(
    unpinned(token, [], async () => keys.url),
    { code: 'invalid_token' },
  )
})
