import t, { type Test } from 'tap'
import {
  authorizeUrl,
  callTool,
  createPerson,
  exchange,
  post,
  register,
  sendMessage,
} from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'

/** A gateway with an MCP server that tells what it received, and somebody who allows a client what it asks for. */
async function start(t: Test, mcp: Record<string, unknown>) {
  const { origin, echo } = await startMcpStack(t, { mcp: { scopes: [], tool_scopes: {}, ...mcp } })
  const client = {
    message: (path: string, message: object | string, headers: Record<string, string> = {}) =>
      sendMessage(origin, message, headers, path),
    get: async (path: string) => {
      const response = await fetch(origin + path)
      const isJson = response.headers.get('content-type')?.includes('json')
      return { status: response.status, json: isJson ? await response.json() : undefined }
    },
  }
  const call = (name: string, headers: Record<string, string> = {}) => callTool(origin, undefined, name, headers)

  async function signIn(scope?: string) {
    const app = await register(origin)
    const person = createPerson()
    const back = await person.decide(await person.open(authorizeUrl(origin, app, { scope })))
    const { json: tokens } = await exchange(origin, app, back.searchParams.get('code') ?? '')
    return { headers: { authorization: `Bearer ${tokens.access_token}` }, scope: tokens.scope as string }
  }
  return { origin, server: echo, client, call, signIn }
}

t.test('lazy: what lists is open to anybody, all else is challenged', async (t) => {
  const { client, server, call } = await start(t, { public_tools: ['search'] })
  const status = async (message: object, path = '/mcp') => (await client.message(path, message)).status

  for (const method of [
    'initialize',
    'server/discover',
    'ping',
    'notifications/initialized',
    'tools/list',
    'prompts/list',
    'resources/list',
    'resources/templates/list',
  ]) {
    t.equal(await status({ method }), 200, method)
    t.equal(await status({ method }, '/mcp?auth=required'), 401, `${method}, for a client that asks to be challenged`)
  }
  t.equal((await call('search')).status, 200)
  const passed = server.received.length
  for (const method of [
    'tasks/list',
    'resources/read',
    'prompts/get',
    'completion/complete',
    'Tools/List',
    'made/up',
  ]) {
    t.equal(await status({ method }), 401, method)
  }
  for (const name of ['add_note', 'Search', 'search ', '']) t.equal((await call(name)).status, 401, name)
  t.equal(await status({ result: {} }), 401, 'an answer')
  t.equal((await call('search', { authorization: 'Bearer made-up' })).status, 401, 'a token that is no good')
  t.equal(server.received.length, passed, 'nothing of that reached the server')
})

t.test('connect: everything is challenged', async (t) => {
  const { client, signIn } = await start(t, { challenge: 'connect', public_tools: ['search'] })

  t.equal((await client.message('/mcp', { method: 'initialize' })).status, 401)
  t.equal((await client.get('/mcp')).status, 401)
  t.equal((await client.message('/mcp', { method: 'initialize' }, (await signIn()).headers)).status, 200)
})

t.test('a tool with scopes of its own needs a grant that has them, and the client is told all of them', async (t) => {
  const { origin, call, signIn } = await start(t, {
    scopes: ['openid'],
    tool_scopes: { delete_note: ['reports/read'] },
  })

  const challenged = await call('delete_note')
  const usual = await signIn()
  const allowed = await call('add_note', usual.headers)
  const refused = await call('delete_note', usual.headers)
  const more = await signIn('openid reports/read')

  t.match(challenged.headers['www-authenticate'], /scope="openid reports\/read"$/)
  t.equal(usual.scope, 'openid')
  t.equal(allowed.status, 200)
  t.equal(refused.status, 403)
  t.equal(
    refused.headers['www-authenticate'],
    `Bearer error="insufficient_scope", resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp", scope="openid reports/read"`,
  )
  t.equal(more.scope, 'openid reports/read')
  t.equal((await call('delete_note', more.headers)).status, 200)
})

t.test('a body that two parsers could read in two ways is refused, and says so as JSON-RPC has it', async (t) => {
  const { origin, client, server } = await start(t, { public_tools: ['search'] })
  const call = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`

  for (const body of [
    '[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]',
    '"text"',
    'null',
    '',
    '{"method":"tools/list"',
    '\ufeff{"method":"tools/list"}',
    '{"method":"tools/list","method":"tasks/list"}',
    '{"method":"tools/list","Method":"tasks/list"}',
    '{"method":"tools/list","m\\u0065thod":"tasks/list"}',
    '{"Method":"tools/list"}',
    '{"method":"tools/list","param\u017f":{}}',
    call('{"name":"search","name":"add_note"}'),
    call('{"name":"search","Name":"add_note"}'),
    '{"method":"tools/call","params":{"name":"search"},"params":{"name":"add_note"}}',
  ]) {
    const { status, json } = await client.message('/mcp', body)
    t.equal(status, 400, body)
    t.match(json, { jsonrpc: '2.0', error: { code: Number } })
  }
  t.equal((await post(`${origin}/mcp`, { method: 'tools/list' })).status, 400, 'a form')
  const list = { method: 'tools/list' }
  for (const headers of [
    { 'content-encoding': 'gzip' },
    { 'content-type': 'application/json; charset=utf-16' },
    { 'mcp-method': 'ping' },
    { 'mcp-name': 'search' },
  ]) {
    t.equal((await client.message('/mcp', list, headers)).status, 400, JSON.stringify(headers))
  }
  t.equal(server.received.length, 0)
  const fine = call('{"name":"search", "arguments":{"name":"x","Name":"y","params":{"a":1,"a":2}}}')
  const { status } = await client.message('/mcp', fine, {
    'mcp-method': 'tools/call',
    'mcp-name': '=?base64?c2VhcmNo?=',
  })
  t.equal(status, 200)
  t.equal(server.received.at(-1)?.body, fine, 'the bytes are passed on as they came')
})

t.test('a page of another origin is refused, with a token or without', async (t) => {
  const { client, origin } = await start(t, {})
  const list = (from: string) => client.message('/mcp', { method: 'tools/list' }, { origin: from })

  t.equal((await list('https://evil.test')).status, 403)
  t.equal((await list('null')).status, 403)
  t.equal((await list(origin)).status, 200)
})

t.test(
  'clients find out who gives tokens for a server, at its path and, where it is the only one, at the root',
  async (t) => {
    const { origin, client } = await start(t, { scopes: ['openid'] })

    const at = await client.get('/.well-known/oauth-protected-resource/mcp')
    const root = await client.get('/.well-known/oauth-protected-resource')

    t.match(at.json, {
      resource: `${origin}/mcp`,
      authorization_servers: [origin],
      scopes_supported: ['openid'],
      bearer_methods_supported: ['header'],
    })
    t.same(root.json, at.json)
    for (const path of ['/tool', '/mcp/more', 's']) {
      t.equal((await client.get(`/.well-known/oauth-protected-resource${path}`)).status, 404, path)
    }
  },
)

t.test('a person who opens the address in a browser is told what it is for', async (t) => {
  const { origin, server } = await start(t, {})

  const page = await createPerson().open(`${origin}/mcp`)

  t.equal(page.status, 401)
  t.match(page.body, 'Notes is for programs')
  t.match(page.body, 'Give its address to the app')
  t.equal(server.received.length, 0)
})
