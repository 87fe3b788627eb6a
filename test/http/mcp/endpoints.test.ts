import t from 'tap'
import {
  authorizeUrl,
  callTool,
  connect,
  createPerson,
  exchange,
  post,
  refresh,
  register,
  verifier,
} from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'

const clock = { ahead: 0 }
const lines: string[] = []
const { origin } = await startMcpStack(t, {
  now: () => Date.now() + clock.ahead,
  log: (line) => lines.push(line),
  config: {
    mcp: {
      clients: [
        {
          client_id: 'known',
          client_name: 'Known app',
          redirect_uris: ['https://known.test/cb?x=1'],
          client_secret: 'the:se cret&é',
        },
      ],
    },
  },
})
const client = await register(origin)
const token = `${origin}/oauth/token`
const second = 1_000
const call = (bearer: string) => callTool(origin, bearer)
const reasonsOfEnd = () =>
  lines.filter((line) => line.includes('"audit":"grant_ended"')).map((line) => JSON.parse(line).reason)

async function newCode(
  person = createPerson(),
  changes: Record<string, string | undefined> = {},
  of = client,
): Promise<string> {
  const page = await person.open(authorizeUrl(origin, of, changes))
  const back = page.location === undefined ? await person.decide(page) : new URL(page.location)
  return back.searchParams.get('code') ?? ''
}

t.test('metadata says what there is, at both names, to pages of any origin', async (t) => {
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    const response = await fetch(`${origin}/.well-known/${name}`, { headers: { cookie: 'toolgate=x' } })
    const metadata = await response.json()

    t.equal(response.headers.get('access-control-allow-origin'), '*')
    t.match(metadata, {
      issuer: origin,
      authorization_endpoint: `${origin}/oauth/authorize`,
      token_endpoint: token,
      registration_endpoint: `${origin}/oauth/register`,
      revocation_endpoint: `${origin}/oauth/revoke`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      authorization_response_iss_parameter_supported: true,
      scopes_supported: ['reports/read', 'reports/write', 'offline_access'],
    })
  }
  const preflight = await fetch(token, {
    method: 'OPTIONS',
    headers: { origin: 'https://inspector.test', 'access-control-request-method': 'POST' },
  })
  t.equal(preflight.status, 204)
  t.match(preflight.headers.get('access-control-allow-headers'), 'authorization')
  t.equal(preflight.headers.get('access-control-allow-credentials'), null)
  t.equal((await fetch(`${origin}/.well-known/oauth-authorization-server/mcp`)).status, 404)
})

t.test('nobody is redirected before it is known to whom: a foreign address, an unknown client', async (t) => {
  const { open } = createPerson()
  const refused = {
    'another address': authorizeUrl(origin, client, { redirect_uri: 'https://evil.test/callback' }),
    'an address below': authorizeUrl(origin, client, { redirect_uri: 'https://app.test/callback/x' }),
    'a query added': authorizeUrl(origin, client, { redirect_uri: 'https://app.test/callback?x' }),
    'no address': authorizeUrl(origin, client, { redirect_uri: undefined }),
    'two addresses': `${authorizeUrl(origin, client)}&redirect_uri=https%3A%2F%2Fevil.test`,
    'an unknown client': authorizeUrl(origin, client, { client_id: 'nobody' }),
    'a client id that was changed': authorizeUrl(origin, client, { client_id: `${client.client_id.slice(0, -2)}xx` }),
    'no client': authorizeUrl(origin, client, { client_id: undefined }),
    'two clients': `${authorizeUrl(origin, client)}&client_id=known`,
  }
  for (const [what, url] of Object.entries(refused)) {
    const page = await open(url)

    t.equal(page.status, 400, what)
    t.equal(page.location, undefined, what)
    t.match(page.body, 'client_refused', what)
  }
})

t.test('everything else that is wrong is told to the client, with state and issuer', async (t) => {
  const { open } = createPerson()
  const refused: readonly (readonly [error: string, changes: Record<string, string | undefined>])[] = [
    ['unsupported_response_type', { response_type: 'token' }],
    ['invalid_request', { response_type: undefined }],
    ['invalid_request', { code_challenge: undefined }],
    ['invalid_request', { code_challenge_method: undefined }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['invalid_request', { code_challenge: 'short' }],
    ['invalid_request', { response_mode: 'fragment' }],
    ['request_not_supported', { request: 'x' }],
    ['request_uri_not_supported', { request_uri: 'https://x.test' }],
    ['invalid_target', { resource: 'https://other.test/mcp' }],
    ['invalid_target', { resource: origin }],
    ['invalid_scope', { scope: 'admin' }],
    ['interaction_required', { prompt: 'none' }],
    ['invalid_request', { extra: 'x'.repeat(2_000) }],
  ]
  for (const [error, changes] of refused) {
    const { status, location = '' } = await open(authorizeUrl(origin, client, changes))
    const { searchParams, host } = new URL(location)

    t.equal(status, 302)
    t.equal(host, 'app.test')
    t.strictSame(
      ['error', 'state', 'iss', 'code'].map((name) => searchParams.get(name)),
      [error, 'st', origin, null],
      JSON.stringify(changes),
    )
  }
  const doubled = await open(`${authorizeUrl(origin, client)}&response_type=code`)
  t.match(doubled.location, 'error=invalid_request')
})

t.test('a resource is named by its address, with or without a slash, or not at all where there is one', async (t) => {
  for (const resource of [
    `${origin}/mcp`,
    `${origin}/mcp/`,
    `${origin.replace('localhost', 'LOCALHOST')}/mcp`,
    undefined,
  ]) {
    const code = await newCode(createPerson(), { resource })
    t.equal(
      (await exchange(origin, client, code, resource === undefined ? {} : { resource })).status,
      200,
      String(resource),
    )
  }
})

t.test('a code is good for one client, one address and one verifier, and an attempt does not spend it', async (t) => {
  const other = await register(origin)
  const code = await newCode()

  const wrong: readonly (readonly [string, Record<string, string>])[] = [
    ['invalid_grant', { code_verifier: 'w'.repeat(43) }],
    ['invalid_grant', { redirect_uri: 'https://app.test/other' }],
    ['invalid_grant', { client_id: other.client_id }],
    ['invalid_grant', { code: `${code}x` }],
    ['invalid_grant', { code: code.slice(0, -1) + (code.endsWith('A') ? 'B' : 'A') }],
    ['invalid_target', { resource: 'https://other.test/mcp' }],
    ['invalid_request', { code_verifier: '' }],
    ['invalid_request', { redirect_uri: '' }],
    ['unsupported_grant_type', { grant_type: 'password' }],
    ['unsupported_grant_type', { grant_type: 'client_credentials' }],
  ]
  for (const [error, changes] of wrong) {
    const { status, json } = await exchange(origin, client, code, changes)
    t.strictSame([status, json.error], [400, error], JSON.stringify(changes))
  }
  t.equal((await exchange(origin, client, code)).status, 200)
})

t.test('a code that comes twice ends what it gave', async (t) => {
  const code = await newCode()
  const { json: tokens } = await exchange(origin, client, code)
  t.equal((await call(tokens.access_token)).status, 200)

  const again = await exchange(origin, client, code)

  t.strictSame([again.status, again.json.error], [400, 'invalid_grant'])
  t.equal((await call(tokens.access_token)).status, 401)
  t.equal((await refresh(origin, client, tokens.refresh_token)).json.error, 'invalid_grant')
  t.equal(reasonsOfEnd().at(-1), 'code used again')
})

t.test('of two that bring a code at once, one gets tokens at most, and they do not last', async (t) => {
  const code = await newCode()

  const answers = await Promise.all([exchange(origin, client, code), exchange(origin, client, code)])
  const tokens = answers.filter(({ status }) => status === 200)

  t.equal(tokens.length, 1)
  t.equal((await call(tokens[0]?.json.access_token)).status, 401)
})

t.test('a code is over after a minute, an access token after a quarter of an hour', async (t) => {
  const late = await newCode()
  const { json } = await exchange(origin, client, await newCode())

  clock.ahead += 60 * second
  t.equal((await exchange(origin, client, late)).json.error, 'invalid_grant')
  clock.ahead += 13 * 60 * second
  t.equal((await call(json.access_token)).status, 200)
  clock.ahead += 60 * second
  t.equal((await call(json.access_token)).status, 401)
  const renewed = await refresh(origin, client, json.refresh_token)
  t.equal((await call(renewed.json.access_token)).status, 200)
})

t.test('a refresh from two addresses at once: both succeed, with one successor', async (t) => {
  const first = await connect(origin, client)

  const answers = await Promise.all([1, 2, 3].map(() => refresh(origin, client, first.refresh_token)))

  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200],
  )
  t.equal(new Set(answers.map(({ json }) => json.refresh_token)).size, 1)
  for (const { json } of answers) t.equal((await call(json.access_token)).status, 200)
  t.equal((await refresh(origin, client, answers[0]?.json.refresh_token)).status, 200)
})

t.test('a refresh token that comes again after its grace ends the family', async (t) => {
  const first = await connect(origin, client)
  const { json: next } = await refresh(origin, client, first.refresh_token)
  clock.ahead += 59 * second
  const repeated = await refresh(origin, client, first.refresh_token)
  t.equal(repeated.json.refresh_token, next.refresh_token)

  clock.ahead += second
  t.equal((await refresh(origin, client, first.refresh_token)).json.error, 'invalid_grant')

  t.equal((await refresh(origin, client, next.refresh_token)).json.error, 'invalid_grant')
  t.equal((await call(next.access_token)).status, 401)
  t.equal(reasonsOfEnd().at(-1), 'refresh token used again')
})

t.test('one from before the last ends it, however soon it comes', async (t) => {
  const first = await connect(origin, client)
  const { json: next } = await refresh(origin, client, first.refresh_token)
  await refresh(origin, client, next.refresh_token)

  t.equal((await refresh(origin, client, first.refresh_token)).json.error, 'invalid_grant')
  t.equal((await call(first.access_token)).status, 401)
})

t.test('a refresh token that somebody made up changes nothing', async (t) => {
  const { refresh_token, access_token } = await connect(origin, client)
  const [user, id, counter, proof] = refresh_token.split('.')
  const others = [
    `${user}.${id}.0.${proof}`,
    `${user}.${id}.2.${proof}`,
    `${user}.${id}.${counter}.${'a'.repeat(43)}`,
    access_token,
  ]

  for (const other of others) t.equal((await refresh(origin, client, other)).json.error, 'invalid_grant', other)
  t.equal((await refresh(origin, client, refresh_token, { client_id: 'known' })).status, 401)
  t.equal(
    (await refresh(origin, client, refresh_token, { resource: 'https://other.test' })).json.error,
    'invalid_target',
  )
  t.equal((await refresh(origin, client, refresh_token, { scope: 'reports/write' })).json.error, 'invalid_scope')
  t.equal((await refresh(origin, client, refresh_token)).status, 200)
})

t.test('a client with a secret proves itself by header or form, and never by both or neither', async (t) => {
  const known = { client_id: 'known', redirect_uri: 'https://known.test/cb?x=1' }
  const secret = 'the:se cret&é'
  const basic = (id: string, password: string) => {
    const encoded = [id, password].map((part) => new URLSearchParams([['', part]]).toString().slice(1)).join(':')
    return { authorization: `Basic ${Buffer.from(encoded).toString('base64')}` }
  }
  const code = await newCode(createPerson(), {}, known)
  const form = { grant_type: 'authorization_code', code, redirect_uri: known.redirect_uri, code_verifier: verifier }
  const wrong: readonly (readonly [number, string, Record<string, string>, Record<string, string>])[] = [
    [401, 'invalid_client', {}, basic('known', 'wrong')],
    [401, 'invalid_client', {}, basic('nobody', secret)],
    [401, 'invalid_client', {}, { authorization: 'Bearer x' }],
    [401, 'invalid_client', {}, { authorization: 'Basic !' }],
    [401, 'invalid_client', { client_id: 'known' }, {}],
    [401, 'invalid_client', { client_id: 'known', client_secret: 'wrong' }, {}],
    [401, 'invalid_client', { client_id: client.client_id }, basic('known', secret)],
    [401, 'invalid_client', {}, {}],
    [400, 'invalid_request', { client_id: 'known', client_secret: secret }, basic('known', secret)],
  ]

  for (const [status, error, more, headers] of wrong) {
    const answer = await post(token, { ...form, ...more }, headers)
    t.strictSame([answer.status, answer.json.error], [status, error], JSON.stringify([more, headers]))
    const challenge = answer.headers.get('www-authenticate')
    t.equal(challenge !== null, status === 401 && 'authorization' in headers, 'RFC 6749 section 5.2')
  }
  const answer = await post(token, form, basic('known', secret))
  t.equal(answer.status, 200)
  const next = { grant_type: 'refresh_token', refresh_token: answer.json.refresh_token }
  t.equal((await post(token, { ...next, client_id: 'known', client_secret: secret })).status, 200)
})

t.test('a parameter that is there twice, or a body of another kind, is refused', async (t) => {
  const twice = await fetch(token, {
    method: 'POST',
    body: 'grant_type=refresh_token&grant_type=refresh_token&client_id=x',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  const json = await fetch(token, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
  const text = await fetch(token, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })
  const large = await post(token, { x: 'y'.repeat(40_000) })

  t.match(await twice.json(), { error: /invalid_/ })
  t.match(await json.json(), { error: 'invalid_request' })
  t.match(await text.json(), { error: 'invalid_request' })
  t.equal(large.status, 413)
  t.equal((await fetch(token)).status, 404)
})
