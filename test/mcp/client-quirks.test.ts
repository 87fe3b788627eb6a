// What real clients send, as it was seen, and what must come of it.
import t from 'tap'
import { startNotes } from './support/notes.ts'
import { createOAuth } from './support/oauth.ts'
import { createPerson } from './support/person.ts'

/** How a client registers, and where it wants its code, if elsewhere than it registered. */
const registering = [
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
    redirect: 'http://127.0.0.1:54321/',
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

t.test('clients get a token of their own way of asking', async (t) => {
  const { origin, url } = await startNotes(t)
  const { register, grant } = createOAuth(origin)

  for (const { client, metadata, redirect = metadata.redirect_uris[0] ?? '' } of registering) {
    const { status, body } = await register(metadata)
    t.equal(status, 201, `${client} registers`)
    t.same(body.redirect_uris, metadata.redirect_uris)
    const { client_id, client_secret } = body as { client_id: string; client_secret?: string }

    const answer = await grant(
      createPerson(),
      { client_id, redirect_uri: redirect, resource: url },
      client_secret === undefined ? {} : { client_secret },
    )
    t.match(answer.body, { access_token: String, refresh_token: String, token_type: /^bearer$/i }, client)
    t.equal(await whoami(url, String(answer.body.access_token)), 'You are ada.', client)
  }
})

t.test('a client that names no resource, at any endpoint, means the only one of the host', async (t) => {
  const { origin, url } = await startNotes(t)
  const { client_id, redirect_uri } = await registered(origin)
  const { grant, token } = createOAuth(origin)

  const first = await grant(createPerson(), { client_id, redirect_uri })
  const form = { grant_type: 'refresh_token', client_id, refresh_token: String(first.body.refresh_token) }
  const second = await token(form)

  t.equal(await whoami(url, String(second.body.access_token)), 'You are ada.')
})

t.test('a slash at the end makes no other resource of it', async (t) => {
  const { origin, url } = await startNotes(t)
  const { client_id, redirect_uri } = await registered(origin)

  const { body } = await createOAuth(origin).grant(createPerson(), { client_id, redirect_uri, resource: `${url}/` })

  t.equal(await whoami(url, String(body.access_token)), 'You are ada.')
})

t.test('a client that refreshes twice at once, even from two addresses, gets one successor both times', async (t) => {
  const { origin, url } = await startNotes(t)
  const { client_id, redirect_uri } = await registered(origin)
  const { grant, token } = createOAuth(origin)
  const { body } = await grant(createPerson(), { client_id, redirect_uri, resource: url })

  const form = { grant_type: 'refresh_token', client_id, refresh_token: String(body.refresh_token), resource: url }
  const [one, other] = await Promise.all([token(form), token(form)])

  t.match([one.status, other.status], [200, 200])
  t.equal(one.body.refresh_token, other.body.refresh_token)
  for (const { body } of [one, other]) t.equal(await whoami(url, String(body.access_token)), 'You are ada.')
})

t.test('a client that the server has forgotten is told so, and registers again', async (t) => {
  const { origin } = await startNotes(t)
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
  const { origin: other } = await startNotes(t)
  t.equal((await fetch(`${other}/register`, { method: 'POST' })).status, 404, 'and only there')
})

t.test('clients inside a web page read metadata, registrations and tokens of another origin', async (t) => {
  const { origin } = await startNotes(t)
  const page = { origin: 'http://localhost:6274' }
  const asking = { ...page, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }

  const metadata = await fetch(`${origin}/.well-known/oauth-authorization-server`, { headers: page })
  t.match([metadata.status, metadata.headers.get('access-control-allow-origin')], [200, '*'])
  for (const path of ['register', 'token', 'revoke']) {
    const { status, headers } = await fetch(`${origin}/oauth/${path}`, { method: 'OPTIONS', headers: asking })
    t.match([status, headers.get('access-control-allow-origin')], [204, '*'], path)
  }
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
