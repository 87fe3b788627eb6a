import t from 'tap'
import { connect, register, sendMessage } from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'
import { startTool } from '../../support/tool.ts'

/** An MCP server that answers as the message says, and what it got. */
const received: { readonly authorization: string | undefined }[] = []
const server = await startTool(t, async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  received.push({ authorization: request.headers.authorization })
  const { status, headers = {}, text } = JSON.parse(body).params.answer
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
})
const mcp = { challenge: 'lazy', scopes: ['reports/read'] }
const { origin } = await startMcpStack(t, {
  config: {
    routes: [
      { name: 'notes', path: '/mcp', upstream: server.url, mcp },
      { name: 'plain', path: '/plain', upstream: server.url, inject: 'none', mcp },
    ],
  },
})
const client = await register(origin)
const bearerFor = async (path: string) => {
  const { access_token } = await connect(origin, client, undefined, { resource: origin + path })
  return { authorization: `Bearer ${access_token}` }
}
const ask = (answer: object, headers: Record<string, string> = {}, path = '/mcp') =>
  sendMessage(origin, { method: 'tools/list', params: { answer } }, headers, path)

t.test('what a server says of its era, in an answer of 400 or 404, reaches the client as it is', async (t) => {
  for (const [status, code] of [
    [400, -32022],
    [400, -32020],
    [404, -32601],
    [405, -32000],
  ] as const) {
    const text = `{"jsonrpc":"2.0" , "id":1,"error":{"code":${code},"message":"x","data":{"supported":["2025-11-25"]}}}`

    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { answer: { status, text } } })
    const answer = await fetch(`${origin}/mcp`, { method: 'POST', body })

    t.strictSame([answer.status, await answer.text()], [status, text])
    t.equal(answer.headers.get('content-type'), 'application/json')
  }
})

t.test('no cache gives what one client got to another, whether it had a token or not', async (t) => {
  const headers = { 'cache-control': 'public, max-age=60' }
  for (const bearer of [{}, await bearerFor('/mcp')]) {
    const answer = await ask({ status: 200, headers, text: '{}' }, bearer)

    t.match(answer.headers, { 'cache-control': 'private, max-age=60', vary: 'Cookie, Authorization' })
  }
})

t.test('a server that asks nobody for a token has them challenged, by us and not by itself', async (t) => {
  const headers = { 'www-authenticate': 'Bearer resource_metadata="http://127.0.0.1:3001/.well-known/x"' }

  const answer = await ask({ status: 401, headers, text: '{}' })

  t.equal(answer.status, 401)
  t.equal(
    answer.headers['www-authenticate'],
    `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp", scope="reports/read"`,
  )
  t.equal(answer.json.code, 'token_required')
})

t.test("the client's token reaches no server, also where none is injected", async (t) => {
  const bearer = await bearerFor('/plain')

  const answer = await ask({ status: 200, text: '{}' }, bearer, '/plain')
  const refused = await ask({ status: 401, text: '{}' }, bearer, '/plain')

  t.equal(answer.status, 200)
  t.equal(refused.json.code, 'upstream_refused_token')
  t.strictSame(received.slice(-2), [{ authorization: undefined }, { authorization: undefined }])
})
