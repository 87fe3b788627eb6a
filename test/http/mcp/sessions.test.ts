import { randomUUID } from 'node:crypto'
import t from 'tap'
import { callTool, connect, createPerson, register, sendMessage } from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'
import { sendRaw } from '../../support/raw.ts'
import { startTool } from '../../support/tool.ts'

const lines: string[] = []
/** An MCP server of an older revision: each `initialize` gets a session. */
const server = await startTool(t, async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  if (body.includes('"initialize"')) response.setHeader('mcp-session-id', randomUUID())
  response.setHeader('content-type', 'application/json').end('{}')
})
const rules = { challenge: 'lazy', public_tools: ['search'], scopes: ['reports/read'] }
const { origin } = await startMcpStack(t, {
  log: (line) => lines.push(line),
  config: {
    routes: [{ name: 'notes', path: '/mcp', upstream: server.url, mcp: rules }],
  },
})
const client = await register(origin)
const tokenOf = async (username: string) => {
  const { access_token } = await connect(origin, client, createPerson(username))
  return { authorization: `Bearer ${access_token}` }
}
const [ada, grace] = [await tokenOf('ada'), await tokenOf('grace')]

/** Starts a session, and gives the header with it. */
async function initialize(headers: Record<string, string> = {}) {
  const answer = await sendMessage(origin, { method: 'initialize' }, headers)
  return { 'mcp-session-id': String(answer.headers['mcp-session-id']) }
}
const list = (headers: Record<string, string>) => sendMessage(origin, { method: 'tools/list' }, headers)
const stream = async (method: string, headers: Record<string, string>) =>
  (await fetch(`${origin}/mcp`, { method, headers })).status
const denials = () =>
  lines.flatMap((line) => {
    const { audit, user, route } = JSON.parse(line)
    return audit === 'access_denied' ? [{ user, route }] : []
  })

t.test('a session that was never used with a token is open to anybody', async (t) => {
  const session = await initialize()

  t.equal((await list(session)).status, 200)
  t.equal((await callTool(origin, undefined, 'search', session)).status, 200)
  for (const method of ['GET', 'DELETE']) t.equal(await stream(method, session), 200, method)
})

t.test('once it was, every use of it needs a token of that user, and refusals are in the audit log', async (t) => {
  const session = await initialize()
  t.equal((await list({ ...session, ...ada })).status, 200)
  const before = denials().length

  const nobody = await list(session)
  const other = await list({ ...session, ...grace })

  const resource = `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp", scope="reports/read"`
  t.equal(nobody.status, 401)
  t.equal(nobody.headers['www-authenticate'], `Bearer ${resource}`)
  t.equal(nobody.json.code, 'token_required')
  t.equal(other.status, 401)
  t.equal(other.headers['www-authenticate'], `Bearer error="invalid_token", ${resource}`)
  t.equal(other.json.code, 'mcp_session_refused')
  t.match(denials().slice(before), [{ route: 'notes' }, { route: 'notes', user: /^cognito:/ }])
  for (const method of ['GET', 'DELETE']) {
    t.equal(await stream(method, session), 401, method)
    t.equal(await stream(method, { ...session, ...grace }), 401, method)
    t.equal(await stream(method, { ...session, ...ada }), 200, method)
  }
  t.equal((await callTool(origin, undefined, 'search', session)).status, 401)
  t.equal((await list(grace)).status, 200, 'without the session')
})

t.test('a session that the server gives to a user is theirs at once', async (t) => {
  const session = await initialize(ada)

  t.equal((await list({ ...session, ...grace })).status, 401)
  t.equal((await list(session)).status, 401)
  t.equal((await list({ ...session, ...ada })).status, 200)
})

t.test('a session id that two servers could read in two ways is refused', async (t) => {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
  for (const headers of [
    ['Mcp-Session-Id: one', 'Mcp-Session-Id: two'],
    ['Mcp_Session_Id: one'],
    ['Mcp-Session-Id: one', 'mcp.session.id: two'],
    ['Mcp-Session-Id: one two'],
    ['Mcp-Session-Id: \u00e9'],
    ['Mcp-Session-Id:'],
  ]) {
    const head = ['POST /mcp HTTP/1.1', `Host: ${new URL(origin).host}`, `Content-Length: ${body.length}`, ...headers]

    const answer = await sendRaw(origin, head, body)

    t.equal(answer.status, 400, headers.join())
    t.match(JSON.parse(answer.body), { error: { code: -32600 } })
  }
})
