// What real clients send, as it was seen, and what must come of it.
import t from 'tap'
import { startNotes } from './support/notes.ts'
import { createOAuth } from './support/oauth.ts'
import { createPerson } from './support/person.ts'

const notes = await startNotes(t, { route: { cors: { origins: ['http://localhost:6274'] } } })

interface Registering {
  readonly client: string
  readonly metadata: { readonly redirect_uris: readonly string[] } & Readonly<Record<string, unknown>>
  /** Where it wants its code, if also elsewhere than it registered. */
  readonly also?: readonly string[]
  /** What it asks for with that, besides what all do. */
  readonly asks?: Readonly<Record<string, string>>
}

/** How clients register, and what they ask for then. */
const registering: readonly Registering[] = [
  {
    client: 'Claude',
    metadata: {
      client_name: 'Claude',
      redirect_uris: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'claudeai',
    },
    asks: { scope: 'claudeai' },
  },
  {
    client: 'Cursor, whose one registration has an app scheme beside web addresses',
    metadata: {
      client_name: 'Cursor',
      redirect_uris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
  },
  {
    client: 'VS Code, which takes another port when its own is busy',
    metadata: {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      redirect_uris: ['https://vscode.dev/redirect', 'http://127.0.0.1/', 'http://127.0.0.1:33418/'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    also: ['http://127.0.0.1:54321/'],
  },
  {
    client: 'Claude Code, whose address has no port, and has one when it asks',
    metadata: {
      client_name: 'Claude Code (notes)',
      redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    also: ['http://localhost:49821/callback'],
  },
  {
    client: 'the Inspector',
    metadata: {
      client_name: 'MCP Inspector',
      client_uri: 'https://github.com/modelcontextprotocol/inspector',
      redirect_uris: ['http://localhost:6274/oauth/callback', 'http://localhost:6274/oauth/callback/debug'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
  },
  {
    client: 'the Inspector’s command line',
    metadata: {
      client_name: 'MCP Inspector CLI',
      redirect_uris: ['http://127.0.0.1:6276/oauth/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
  },
  {
    client: 'one that says only where it wants its code',
    metadata: { redirect_uris: ['http://localhost:1455/auth/callback'] },
  },
  {
    client: 'one with members nobody knows',
    metadata: {
      redirect_uris: ['https://app.acme.io/cb'],
      software_id: 'x',
      'x-unknown': { deep: true },
      contacts: [],
    },
  },
]

for (const { client, metadata, also = [], asks = {} } of registering) {
  t.test(`${client} gets its token at each of its addresses`, async (t) => {
    const { origin, url } = notes
    const { register, grant } = createOAuth(origin)
    const person = createPerson()

    const { status, body } = await register(metadata)
    t.equal(status, 201)
    t.same(body.redirect_uris, metadata.redirect_uris)
    const { client_id, client_secret } = body as { client_id: string; client_secret?: string }

    for (const redirect_uri of [...metadata.redirect_uris, ...also]) {
      const asking = { client_id, redirect_uri, resource: url, ...asks }
      const answer = await grant(person, asking, client_secret === undefined ? {} : { client_secret })
      t.match(answer.body, { access_token: String, refresh_token: String, token_type: 'Bearer' }, redirect_uri)
      t.equal(await whoami(url, String(answer.body.access_token)), 'You are ada.')
    }
  })
}

t.test('a client that names no resource, at any endpoint, means the only one of the host', async (t) => {
  const { origin, url } = notes
  const { client_id, redirect_uri } = await registered(origin)
  const { grant, token } = createOAuth(origin)

  const first = await grant(createPerson(), { client_id, redirect_uri })
  const form = { grant_type: 'refresh_token', client_id, refresh_token: String(first.body.refresh_token) }
  const second = await token(form)

  t.equal(await whoami(url, String(second.body.access_token)), 'You are ada.')
})

t.test('a client that names it when it asks, and not when it refreshes, keeps its token', async (t) => {
  const { origin, url } = notes
  const { client_id, redirect_uri } = await registered(origin)
  const { grant, token } = createOAuth(origin)

  const { body } = await grant(createPerson(), { client_id, redirect_uri, resource: url })
  const next = await token({ grant_type: 'refresh_token', client_id, refresh_token: String(body.refresh_token) })

  t.equal(await whoami(url, String(next.body.access_token)), 'You are ada.')
})

t.test('a slash at the end makes no other resource of it', async (t) => {
  const { origin, url } = notes
  const { client_id, redirect_uri } = await registered(origin)

  const { body } = await createOAuth(origin).grant(createPerson(), { client_id, redirect_uri, resource: `${url}/` })

  t.equal(await whoami(url, String(body.access_token)), 'You are ada.')
})

t.test('a client that refreshes in several places at once gets one successor everywhere', async (t) => {
  const { origin, url } = await startNotes(t, { config: { trusted_proxies: ['127.0.0.1/32'] } })
  const { client_id, redirect_uri } = await registered(origin)
  const { grant, token } = createOAuth(origin)
  const { body } = await grant(createPerson(), { client_id, redirect_uri, resource: url })
  const refresh = (address: string, refresh_token: unknown) =>
    token(
      { grant_type: 'refresh_token', client_id, refresh_token: String(refresh_token), resource: url },
      { 'x-forwarded-for': address },
    )

  const answers = await Promise.all(
    ['160.79.104.10', '160.79.106.35', '160.79.104.10', '160.79.106.35'].map((at) => refresh(at, body.refresh_token)),
  )

  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  t.equal(new Set(answers.map((answer) => answer.body.refresh_token)).size, 1)
  for (const { body } of answers) t.equal(await whoami(url, String(body.access_token)), 'You are ada.')
  const next = await refresh('160.79.106.35', answers[0]?.body.refresh_token)
  t.equal(next.status, 200, 'and the family lives on')
})

t.test('a client that the server has forgotten is told so, and registers again', async (t) => {
  const { origin } = notes
  const { token } = createOAuth(origin)

  const { status, body } = await token({ grant_type: 'refresh_token', client_id: 'forgotten', refresh_token: 'x' })

  t.match({ status, body }, { status: 401, body: { error: 'invalid_client' } })
})

t.test('a client that reads no metadata finds its endpoints at the root, where the config says so', async (t) => {
  const { origin, url } = await startNotes(t, { config: { mcp: { root_aliases: true } } })
  const { register, request, token } = createOAuth(origin)
  const redirect_uri = 'https://claude.ai/api/mcp/auth_callback'

  const { body: client } = await register(
    { redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' },
    '/register',
  )
  const client_id = String(client.client_id)
  const { url: authorization, verifier } = request({ client_id, redirect_uri, resource: url }, '/authorize')
  const { location } = await createPerson().answer(authorization)
  const code = location.searchParams.get('code') ?? ''
  const form = {
    grant_type: 'authorization_code',
    client_id,
    redirect_uri,
    code,
    code_verifier: verifier,
    resource: url,
  }
  const { body } = await token(form, {}, '/token')

  t.equal(await whoami(url, String(body.access_token)), 'You are ada.')
  t.equal((await fetch(`${notes.origin}/register`, { method: 'POST' })).status, 404, 'and only there')
})

t.test('clients that sign in only when their first request is refused have an address for it', async (t) => {
  const { origin, url } = notes
  const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } }

  t.equal((await send(url, initialize)).status, 200)
  for (const message of [initialize, { jsonrpc: '2.0', id: 1, method: 'server/discover' }]) {
    const { status, headers } = await send(`${url}?auth=required`, message)
    t.equal(status, 401, message.method)
    const document = `${origin}/.well-known/oauth-protected-resource/mcp`
    t.ok(headers.get('www-authenticate')?.startsWith(`Bearer resource_metadata="${document}`))
  }
})

t.test('a protected tool without a token is 401 in HTTP, never an error inside an answer', async (t) => {
  const { status, headers } = await send(notes.url, call('whoami'))

  t.equal(status, 401)
  t.match(headers.get('www-authenticate'), /^Bearer resource_metadata="[^"]+"$/, 'who presented nothing made no error')
})

t.test(
  'clients inside a web page read metadata, and get registrations and tokens, from wherever they are',
  async (t) => {
    const { origin } = notes
    const page = { origin: 'https://playground.ai.test' }
    const headers = 'authorization, content-type, mcp-protocol-version'
    const documents = [
      '/.well-known/oauth-protected-resource/mcp',
      '/.well-known/oauth-protected-resource',
      '/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration',
    ]
    const endpoints = ['/oauth/register', '/oauth/token', '/oauth/revoke']

    for (const [path, method] of [
      ...documents.map((path) => [path, 'GET'] as const),
      ...endpoints.map((path) => [path, 'POST'] as const),
    ]) {
      const asking = { 'access-control-request-method': method, 'access-control-request-headers': headers }
      const preflight = await fetch(origin + path, { method: 'OPTIONS', headers: { ...page, ...asking } })
      t.equal(preflight.status, 204, path)
      t.equal(preflight.headers.get('access-control-allow-origin'), '*')
      t.match(preflight.headers.get('access-control-allow-methods'), method)
      t.equal(preflight.headers.get('access-control-allow-headers'), headers)

      const { headers: answer } = await fetch(origin + path, { method, headers: page })
      t.equal(answer.get('access-control-allow-origin'), '*')
      t.match(answer.get('access-control-expose-headers'), 'WWW-Authenticate')
      t.equal(answer.get('access-control-allow-credentials'), null, 'as nobody')
    }
  },
)

t.test('clients inside a web page that the config lists read their challenge, others are told nothing', async (t) => {
  const { origin, url } = notes
  const ask = (from: string, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: from, ...headers },
      body: JSON.stringify(call('whoami')),
    })

  const listed = await ask('http://localhost:6274')
  const refused = await ask('http://localhost:6274', { authorization: 'Bearer made.up.1' })
  const other = await ask('https://evil.test')

  for (const { status, headers } of [listed, refused]) {
    t.equal(status, 401)
    t.equal(headers.get('access-control-allow-origin'), 'http://localhost:6274')
    t.match(headers.get('access-control-expose-headers'), /www-authenticate/i)
    t.match(headers.get('www-authenticate'), `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`)
  }
  t.equal(other.status, 403)
  t.equal(other.headers.get('access-control-allow-origin'), null)
})

async function registered(origin: string) {
  const redirect_uri = 'https://app.acme.io/callback'
  const { body } = await createOAuth(origin).register({
    redirect_uris: [redirect_uri],
    token_endpoint_auth_method: 'none',
  })
  return { client_id: String(body.client_id), redirect_uri }
}

const call = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } })

function send(url: string, message: object, token?: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(message),
  })
}

/** What the sample says to who calls with a token. */
async function whoami(url: string, token: string): Promise<string | undefined> {
  const response = await send(url, call('whoami'), token)
  const { result } = (await response.json()) as { result?: { content: [{ text: string }] } }
  return result?.content[0].text
}
