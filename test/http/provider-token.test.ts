import { createPublicKey, randomUUID } from 'node:crypto'
import {
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from 'jose'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { machineTokens } from '../support/machine-tokens.ts'
import { sendRaw } from '../support/raw.ts'
import { startGateway, startStack } from '../support/stack.ts'

const echo = await startEcho(t)
const at = (name: string, more: object = {}) => ({
  name,
  path: `/${name}`,
  upstream: echo.url,
  accept: ['provider_token'],
  ...more,
})
const routes = [
  at('api'),
  at('both', { accept: ['session', 'provider_token'] }),
  at('cookie', { accept: ['session'] }),
  at('maybe', { access: 'optional', accept: ['session', 'provider_token'] }),
  at('analysts', { allow: { groups: ['analysts'] } }),
  at('operators', { allow: { groups: ['operators'] } }),
  at('corp', { allow: { email_domains: ['example.com'] } }),
  at('scoped', { scopes: ['reports/read', 'reports/write'] }),
  at('machines', { allow: { clients: ['1localpublic', '1other'] } }),
  at('robots', { allow: { clients: ['1localpublic'], groups: ['robots'] } }),
  at('ours', { accept: ['session', 'provider_token'], allow: { clients: ['1localexample'] } }),
  at('own-header', { inject: { header: 'X-Api-Token', value: 'Token {access_token}' } }),
  at('as-it-came', { inject: 'none' }),
  at('id', { accept: ['session'], inject: 'id_token' }),
]
const clock = { ahead: 0 }
const lines: string[] = []
const now = () => Date.now() + clock.ahead
const { origin, cognito, control, yaml } = await startStack(t, {
  config: { routes },
  now,
  log: (line) => lines.push(line),
})
const ada = createBrowser()
await ada.signIn(`${origin}/cookie`)
const ownToken = (echo.received.at(-1)?.headers.authorization ?? '').replace('Bearer ', '')

const minted = await machineTokens(cognito.domain, control)
const person = { sub: 'some-user', username: 'ada', client_id: '1localexample' }
const program = createBrowser()
const call = (path: string, authorization?: string, to = origin) =>
  program.send(to + path, { headers: { ...(authorization !== undefined && { authorization }) } })
const bearing = (path: string, token: string, to = origin) => call(path, `Bearer ${token}`, to)
const jwksCalls = async () => (await control.log()).counts.jwks
const problem = ({ body }: { body: string }) => JSON.parse(body)
const forged = async () => (await generateKeyPair('RS256')).privateKey

t.test('an access token of the provider passes, and is itself what the upstream gets', async (t) => {
  const answer = await bearing('/api/x?y=1', ownToken)

  t.equal(answer.status, 200)
  t.match(answer.headers, { 'cache-control': 'private', vary: /Authorization/i })
  const { url, headers } = echo.received.at(-1)!
  const claims = decodeJwt(ownToken)
  t.equal(url, '/api/x?y=1')
  t.equal(headers.authorization, `Bearer ${ownToken}`)
  t.equal(headers['x-forwarded-user'], `cognito:${claims.sub}`)
  t.equal(headers['x-forwarded-groups'], 'analysts')
  t.equal(headers['x-forwarded-email'], undefined, 'an access token of Cognito has no address')
})

t.test('the scheme is read in any case', async (t) => {
  t.equal((await call('/api', `bEaReR ${ownToken}`)).status, 200)
})

t.test('a header of our own making has the token, too', async (t) => {
  await bearing('/own-header', ownToken)

  t.match(echo.received.at(-1)?.headers, { 'x-api-token': `Token ${ownToken}`, authorization: undefined })
})

t.test('with nothing to inject the token goes on as it came, once it was verified', async (t) => {
  const refused = await bearing('/as-it-came', 'x')
  await bearing('/as-it-came', ownToken)

  t.equal(refused.status, 401)
  t.equal(echo.received.at(-1)?.headers.authorization, `Bearer ${ownToken}`)
})

t.test('what is no good access token for us is 401 invalid_token, and reaches no upstream', async (t) => {
  const { kid } = decodeProtectedHeader(ownToken)
  const claims = decodeJwt(ownToken)
  const [header = '', payload = '', signature = ''] = ownToken.split('.')
  await ada.load(`${origin}/id`)
  const idToken = (echo.received.at(-1)?.headers.authorization ?? '').replace('Bearer ', '')
  const { keys } = (await (await fetch(`${cognito.issuer}/.well-known/jwks.json`)).json()) as { keys: JWK[] }
  const jwk = keys.find((key) => key.kid === kid) ?? {}
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  const asSecret = [
    publicKey.export({ type: 'spki', format: 'pem' }),
    publicKey.export({ type: 'spki', format: 'der' }),
    JSON.stringify(jwk),
  ]
  const hmac = (secret: string | Buffer) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: kid ?? '' }).sign(Buffer.from(secret))
  const signed = async (alg: string, more: object = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg, kid: kid ?? '', ...more })
      .sign((await generateKeyPair(alg)).privateKey)
  const seconds = Math.floor(Date.now() / 1000)
  const other = (claim: JWTPayload) => minted({ ...person, ...claim })
  const bad: Readonly<Record<string, string>> = {
    'any word': 'x',
    'three words': 'a.b.c',
    empty: '',
    'two tokens': `${ownToken} ${ownToken}`,
    'an ID token': idToken,
    'a tampered payload': [
      header,
      Buffer.from(JSON.stringify({ ...claims, 'cognito:groups': ['operators'] })).toString('base64url'),
      signature,
    ].join('.'),
    'a tampered signature': [header, payload, signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))].join('.'),
    'no signature': `${header}.${payload}.`,
    'alg: none': new UnsecuredJWT(claims).encode(),
    'alg: none, with a signature': [Buffer.from('{"alg":"none"}').toString('base64url'), payload, signature].join('.'),
    'HS256 with the public key as PEM': await hmac(asSecret[0] ?? ''),
    'HS256 with the public key as DER': await hmac(asSecret[1] ?? ''),
    'HS256 with the public key as JWK': await hmac(asSecret[2] ?? ''),
    'a key of somebody else under a known id': await signed('RS256'),
    'a key that the token brings': await signed('ES256', { jwk: { kty: 'EC' } }),
    'another issuer': await other({ iss: 'https://evil.example' }),
    'an issuer that is almost right': await other({ iss: `${cognito.issuer}/` }),
    'no issuer': await other({ iss: null as unknown as string }),
    'another client': await other({ client_id: '1other' }),
    'no client': await other({ client_id: null }),
    'another audience': await other({ aud: 'https://other.example' }),
    expired: await other({ exp: seconds - 61 }),
    'no exp': await other({ exp: null as unknown as number }),
    'not valid yet': await other({ nbf: seconds + 90 }),
    'no kind': await other({ token_use: null }),
  }
  const before = echo.received.length

  for (const [name, token] of Object.entries(bad)) {
    for (const path of ['/api', '/both', '/maybe']) {
      const answer = await bearing(path, token)
      t.equal(answer.status, 401, `${name} at ${path}`)
      t.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"', name)
      t.match(problem(answer), { code: 'invalid_token', sign_in_url: undefined }, name)
    }
  }
  t.equal(echo.received.length, before)
})

t.test('clocks may differ by 60 seconds', async (t) => {
  const token = await minted({ ...person, exp: Math.floor(Date.now() / 1000) - 30 })

  t.equal((await bearing('/api', token)).status, 200)
})

t.test('an audience may be one that is listed', async (t) => {
  const listed = await minted({ ...person, client_id: '1other', aud: '1localpublic' })

  t.equal((await bearing('/machines', listed)).status, 200)
})

t.test('a bad token is no reason to look at the cookie, and a good one wins over it', async (t) => {
  const cookie = ada.cookieHeader(origin)
  const headers = { cookie, 'sec-fetch-site': 'same-origin' }

  const bad = await program.send(`${origin}/both`, { headers: { ...headers, authorization: 'Bearer x' } })
  const empty = await program.send(`${origin}/both`, { headers: { ...headers, authorization: 'Bearer' } })
  const other = await minted(person)
  await program.send(`${origin}/both`, { headers: { ...headers, authorization: `Bearer ${other}` } })
  const wins = echo.received.at(-1)?.headers

  t.strictSame([bad.status, empty.status], [401, 401])
  t.match(wins, { authorization: `Bearer ${other}`, 'x-forwarded-user': 'cognito:some-user' })
})

t.test(
  'without a bearer the cookie counts where the route accepts it, and no other scheme is a credential',
  async (t) => {
    const cookie = ada.cookieHeader(origin)
    const headers = { cookie, 'sec-fetch-site': 'same-origin', authorization: 'Basic YTpi' }

    const both = await program.send(`${origin}/both`, { headers })
    const seen = echo.received.at(-1)?.headers.authorization
    const api = await program.send(`${origin}/api`, { headers })

    t.equal(both.status, 200)
    t.equal(seen, `Bearer ${ownToken}`)
    t.equal(api.status, 401)
    t.equal(problem(api).code, 'token_required')
  },
)

t.test('where only tokens count nobody is sent to sign in, and no error is named without a token', async (t) => {
  const page = await createBrowser().load(`${origin}/api`)
  const answer = await call('/api')

  t.equal(page.status, 401)
  t.match(page.body, 'token_required')
  t.match(answer, { status: 401, headers: { 'www-authenticate': /^Bearer$/ } })
  t.match(problem(answer), { code: 'token_required', sign_in_url: undefined })
  t.equal((await ada.load(`${origin}/api`)).status, 401, 'a session does not help')
  t.equal((await call('/maybe')).status, 200)
  t.notMatch((await ada.load(`${origin}/oauth/`)).body, 'href="/api/"')
})

t.test('where only sessions count a bearer is no credential, and does not pass', async (t) => {
  const without = await bearing('/cookie', ownToken)
  const cookie = ada.cookieHeader(origin)
  await program.send(`${origin}/cookie`, {
    headers: { cookie, 'sec-fetch-site': 'same-origin', authorization: 'Bearer x' },
  })

  t.equal(without.status, 401)
  t.equal(problem(without).code, 'sign_in_required')
  t.equal(echo.received.at(-1)?.headers.authorization, `Bearer ${ownToken}`)
})

t.test('two Authorization headers are no request', async (t) => {
  const { host } = new URL(origin)
  const line = `Authorization: Bearer ${ownToken}`

  t.equal((await sendRaw(origin, ['GET /api HTTP/1.1', `Host: ${host}`, line, line])).status, 400)
})

t.test('a bearer is exempt from the same-origin rule: nobody else can send it', async (t) => {
  const headers = {
    authorization: `Bearer ${ownToken}`,
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
  }

  const answer = await program.send(`${origin}/both`, { method: 'POST', headers, form: { a: '1' } })

  t.equal(answer.status, 200)
})

t.test('rules read the claims of the token', async (t) => {
  lines.length = 0
  const statuses = []
  for (const path of ['/analysts', '/operators', '/corp', '/ours'])
    statuses.push((await bearing(path, ownToken)).status)

  t.strictSame(statuses, [200, 403, 403, 200])
  const audits = lines.map((line) => JSON.parse(line)).filter(({ audit }) => audit === 'access_denied')
  t.match(audits, [{ route: 'operators', user: `cognito:${decodeJwt(ownToken).sub}` }, { route: 'corp' }])
})

t.test('scopes of the route must be in the token; no one is asked for more', async (t) => {
  const some = await bearing('/scoped', await minted({ ...person, scope: 'openid reports/read' }))
  const none = await bearing('/scoped', await minted({ ...person, scope: 'reports/writes reports' }))
  const all = await bearing('/scoped', await minted({ ...person, scope: 'reports/write openid reports/read' }))

  for (const answer of [some, none]) {
    t.equal(answer.status, 403)
    t.equal(answer.headers['www-authenticate'], 'Bearer error="insufficient_scope", scope="reports/read reports/write"')
    t.match(problem(answer), { code: 'insufficient_scope', scope: 'reports/read reports/write' })
  }
  t.equal(all.status, 200)
})

t.test('a client that acts for itself passes only where it is listed', async (t) => {
  const token = await minted()
  const machine = { client_id: '1localexample' }

  t.equal((await bearing('/api', token)).status, 401, 'another client')
  t.equal((await bearing('/api', await minted({ ...machine, sub: '1localexample' }))).status, 403, 'ours, for itself')
  t.equal((await bearing('/api', await minted({ ...machine, sub: 'a-user' }))).status, 403, 'without a user name')
  t.equal((await bearing('/api', await minted({ ...machine, sub: '1localexample', username: 'a' }))).status, 403)
  t.equal((await bearing('/machines', token)).status, 200)
  t.equal(echo.received.at(-1)?.headers['x-forwarded-user'], 'cognito:1localpublic')
  t.equal((await bearing('/robots', token)).status, 403, 'every rule must match')
  t.equal((await bearing('/machines', await minted({ ...person, client_id: '1localpublic' }))).status, 200, 'a user')
  t.equal((await bearing('/machines', ownToken)).status, 403, 'our own client is not listed')
})

t.test('a listed client is that of a session, too', async (t) => {
  t.equal((await ada.load(`${origin}/ours`)).status, 200)
})

t.test('no token is in the log, at any level', async (t) => {
  await bearing('/api', ownToken)
  await bearing('/api', `${ownToken}x`)

  const all = lines.join('\n')
  t.match(all, 'does not verify')
  for (const part of ownToken.split('.')) t.notOk(all.includes(part))
  t.notMatch(all, decodeJwt(ownToken).event_id as string)
})

t.test('a key that is new is fetched once, and one that nobody knows at most once a minute', async (t) => {
  clock.ahead += 61_000
  await bearing('/api', await minted(person))
  await control.rotateKeys(true)
  const before = await jwksCalls()

  const rotated = await bearing('/api', await minted(person))
  const afterRotation = await jwksCalls()
  const key = await forged()
  const unknown = (kid: string) => new SignJWT(decodeJwt(ownToken)).setProtectedHeader({ alg: 'RS256', kid }).sign(key)
  const tokens = await Promise.all(Array.from({ length: 100 }, () => unknown(randomUUID())))
  const early = await Promise.all(tokens.map((token) => bearing('/api', token)))
  const withinTheMinute = await jwksCalls()
  clock.ahead += 61_000
  const late = await Promise.all(tokens.map((token) => bearing('/api', token)))
  const aMinuteLater = await jwksCalls()

  t.equal(rotated.status, 200)
  t.equal(afterRotation - before, 1)
  t.equal(withinTheMinute, afterRotation)
  t.equal(aMinuteLater - afterRotation, 1)
  t.ok([...early, ...late].every(({ status }) => status === 401))
})

t.test('while keys cannot be had, what is known passes, and what cannot be known is 503, asked for once', async (t) => {
  await control.client('1localexample', { access_token: '1d' })
  const warm = await minted(person)
  const sameKey = await minted({ ...person, sub: 'another' })
  t.equal((await bearing('/api', warm)).status, 200)
  clock.ahead += 61_000
  await control.fault({ endpoint: 'jwks', status: 500 })
  const key = await forged()
  const unknown = await new SignJWT(decodeJwt(ownToken)).setProtectedHeader({ alg: 'RS256', kid: 'new' }).sign(key)
  const before = await jwksCalls()

  const served = await Promise.all([warm, sameKey].map((token) => bearing('/api', token)))
  const asked = await Promise.all(Array.from({ length: 20 }, () => bearing('/api', unknown)))
  const again = await bearing('/maybe', unknown)

  t.strictSame(
    served.map(({ status }) => status),
    [200, 200],
  )
  t.ok(asked.every(({ status }) => status === 503))
  t.match(again, { status: 503, headers: { 'retry-after': /\d/ } })
  t.equal(problem(again).code, 'provider_unavailable')
  t.equal((await jwksCalls()) - before, 1)
  await control.heal()
})

t.test('a gateway without keys says 503, tries again after five seconds, and then lets in', async (t) => {
  const port = await freePort()
  const cold = `http://localhost:${port}`
  await startGateway(t, { ...yaml, public_url: cold, listen: { host: '127.0.0.1', port } }, { now })
  const token = await minted(person)
  await control.fault({ endpoint: 'jwks', status: 500 })
  const before = await jwksCalls()

  const away = await Promise.all(Array.from({ length: 10 }, () => bearing('/api', token, cold)))
  const calls = (await jwksCalls()) - before
  await control.heal()
  clock.ahead += 5_001
  const back = await bearing('/api', token, cold)

  t.ok(away.every(({ status }) => status === 503))
  t.equal(calls, 1)
  t.equal(back.status, 200)
})

t.test('a token that passed is verified no more, until it is over or five minutes have gone by', async (t) => {
  const start = clock.ahead
  const exp = (seconds: number) => ({ ...person, exp: Math.floor(now() / 1000) + seconds })
  const [long, short, unseen] = [await minted(exp(600)), await minted(exp(120)), await minted(exp(601))]
  const key = await forged()
  const unknown = await new SignJWT(decodeJwt(ownToken)).setProtectedHeader({ alg: 'RS256', kid: 'x' }).sign(key)
  const statusAt = async (seconds: number, token: string) => {
    clock.ahead = start + seconds * 1000
    return (await bearing('/api', token)).status
  }
  t.strictSame([await statusAt(0, long), await statusAt(0, short)], [200, 200])
  await control.rotateKeys(false)
  // The keys are fetched anew: the one that signed all three is not among them.
  t.equal(await statusAt(61, unknown), 401)

  t.equal(await statusAt(62, unseen), 401)
  t.strictSame([await statusAt(110, long), await statusAt(110, short)], [200, 200])
  t.strictSame([await statusAt(121, short), await statusAt(295, long), await statusAt(302, long)], [401, 200, 401])
})
