import { randomBytes } from 'node:crypto'
import t from 'tap'
import { asserting, createSigner } from '../../support/assertions.ts'
import { createBrowser } from '../../support/browser.ts'
import { freePort } from '../../support/free-port.ts'
import { authorizeUrl, createPerson, exchange, post, refresh, register } from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'
import { sendJson } from '../../support/public-host.ts'
import { startRedis } from '../../support/redis.ts'
import { startGateway } from '../../support/stack.ts'
import { startTool } from '../../support/tool.ts'

const lines: string[] = []
const keys = await createSigner()
const published = await startTool(t, (_request, response) => sendJson(response, { keys: [keys.jwk] }))
const client = { client_id: 'signer', redirect_uri: 'https://signer.test/callback' }
const clients = [
  {
    client_id: 'signer',
    client_name: 'Signer',
    redirect_uris: [client.redirect_uri],
    jwks_uri: `${published.url}/jwks`,
  },
  { client_id: 'away', client_name: 'Away', redirect_uris: ['https://a.test/'], jwks_uri: 'http://127.0.0.1:9/' },
]
const { origin } = await startMcpStack(t, { log: (line) => lines.push(line), config: { mcp: { clients } } })
const second = 1_000
const denials = () => lines.filter((line) => line.includes('"audit":"access_denied"')).map((line) => JSON.parse(line))
const renew = (assertion: string) => refresh(origin, client, 'x', asserting(assertion))

t.test('a client of the config signs its requests: for a code, for new tokens, for an end', async (t) => {
  const person = createPerson()
  const back = await person.decide(await person.open(authorizeUrl(origin, client)))
  const signed = async () => asserting(await keys.sign('signer', origin))

  const first = await exchange(origin, client, back.searchParams.get('code') ?? '', await signed())
  const next = await refresh(origin, client, first.json.refresh_token, await signed())
  const end = await post(`${origin}/oauth/revoke`, { token: next.json.access_token, ...(await signed()) })

  t.same([first.status, next.status, end.status], [200, 200, 200])
  t.equal((await refresh(origin, client, next.json.refresh_token, await signed())).json.error, 'invalid_grant')
  t.equal((await refresh(origin, client, next.json.refresh_token)).json.error, 'invalid_client', 'it must sign')
})

t.test('an assertion is for this issuer, of this client, for five minutes at most, and used once', async (t) => {
  const at = Math.floor(Date.now() / second)
  const wrong: readonly (readonly [about: string, claims: Record<string, unknown>])[] = [
    ['aud', { aud: 'https://other.test' }],
    ['aud', { aud: `${origin}/oauth/token` }],
    ['aud', { aud: `${origin}/` }],
    ['aud', { aud: [origin, 'https://other.test'] }],
    ['aud', { aud: [] }],
    ['aud', { aud: undefined }],
    ['iss', { iss: 'other' }],
    ['iss', { iss: undefined }],
    ['exp', { exp: undefined }],
    ['exp', { exp: at - 61 }],
    ['exp', { exp: at + 400 }],
    ['exp', { exp: 'soon' }],
    ['nbf', { nbf: at + 120 }],
    ['jti', { jti: undefined }],
    ['jti', { jti: '' }],
  ]
  for (const [about, claims] of wrong) {
    const { status, json } = await renew(await keys.sign('signer', origin, claims))

    t.match({ status, ...json }, { status: 401, error: 'invalid_client' }, JSON.stringify(claims))
    t.match(json.error_description, about)
    t.match(denials().at(-1), { client_id: 'signer', reason: json.error_description }, 'audited')
  }
  for (const claims of [{ aud: [origin] }, { exp: at + 300 }, { nbf: at }, { iat: undefined }]) {
    t.equal((await renew(await keys.sign('signer', origin, claims))).json.error, 'invalid_grant')
  }
  const once = await keys.sign('signer', origin)
  t.equal((await renew(once)).json.error, 'invalid_grant')
  t.match((await renew(once)).json, { error: 'invalid_client', error_description: 'jti was used before.' })
})

t.test('only a key of the client signs, and with no algorithm that whoever reads the key could use', async (t) => {
  const stranger = await createSigner('ES256', keys.jwk.kid)
  const [header = '', payload = '', signature = ''] = (await keys.sign('signer', origin)).split('.')
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const forged = {
    'another key': await stranger.sign('signer', origin),
    'no signature': `${encoded({ alg: 'none' })}.${payload}.`,
    'an empty signature': `${header}.${payload}.`,
    'a shared secret': `${encoded({ alg: 'HS256', kid: keys.jwk.kid })}.${payload}.${signature}`,
    'other claims': `${header}.${encoded({ sub: 'signer', iss: 'signer' })}.${signature}`,
    'no JWT': 'x',
  }
  for (const [what, assertion] of Object.entries(forged)) {
    t.match((await renew(assertion)).json, { error: 'invalid_client' }, what)
  }
})

t.test('an assertion goes with no other proof, and with no other client', async (t) => {
  const assertion = await keys.sign('signer', origin)
  const form = { grant_type: 'refresh_token', refresh_token: 'x', ...asserting(assertion) }
  const token = `${origin}/oauth/token`

  t.equal((await post(token, { ...form, client_secret: 's' })).json.error, 'invalid_request')
  t.equal((await post(token, form, { authorization: 'Basic c2lnbmVyOng=' })).json.error, 'invalid_request')
  t.equal((await post(token, { ...form, client_assertion_type: 'other' })).json.error, 'invalid_request')
  t.equal((await post(token, { ...form, client_id: 'away' })).json.error, 'invalid_client')
  t.equal((await post(token, form)).json.error, 'invalid_grant', 'client_id may be left out')
})

t.test('keys that cannot be had are no reason to forget the client', async (t) => {
  const { status, json } = await refresh(origin, { ...client, client_id: 'away' }, 'x', {
    ...asserting(await keys.sign('away', origin)),
  })

  t.match({ status, ...json }, { status: 503, error: 'temporarily_unavailable' })
})

t.test('an assertion that was used at one replica was used at all', async (t) => {
  const redis = await startRedis(t)
  const shared = { store: { url: redis.url }, encryption_keys: [randomBytes(32).toString('base64')], mcp: { clients } }
  const first = await startMcpStack(t, { config: shared })
  const port = await freePort()
  await startGateway(t, { ...first.yaml, listen: { host: '127.0.0.1', port } })
  const { host } = new URL(first.origin)
  const errorAt = async (replica: string, assertion: string) => {
    const form = { grant_type: 'refresh_token', refresh_token: 'x', ...asserting(assertion) }
    const { body } = await createBrowser().send(`${replica}/oauth/token`, { method: 'POST', form, headers: { host } })
    return JSON.parse(body)
  }
  const [once, another] = [await keys.sign('signer', first.origin), await keys.sign('signer', first.origin)]

  const answers = [
    await errorAt(first.origin, once),
    await errorAt(`http://127.0.0.1:${port}`, once),
    await errorAt(`http://127.0.0.1:${port}`, another),
  ]

  t.match(answers, [
    { error: 'invalid_grant' },
    { error: 'invalid_client', error_description: 'jti was used before.' },
    { error: 'invalid_grant' },
  ])
})

t.test('a client that registers may sign, too: with keys that it brings', async (t) => {
  const registered = await register(origin, {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [keys.jwk] },
  })
  const { client_id } = registered
  const signed = async () => asserting(await keys.sign(client_id, origin))

  t.equal((await refresh(origin, registered, 'x', await signed())).json.error, 'invalid_grant')
  t.equal((await refresh(origin, registered, 'x')).json.error, 'invalid_client')
  t.match(registered, { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [keys.jwk] } })
  await t.rejects(register(origin, { token_endpoint_auth_method: 'private_key_jwt' }), /jwks_uri/)
})
