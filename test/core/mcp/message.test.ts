import t from 'tap'
import { demandOf, type McpRequest, MessageError } from '../../../src/core/mcp/message.ts'
import type { McpRules } from '../../../src/core/route.ts'
import { mcpRules } from '../../support/route.ts'

const rules = mcpRules({
  publicTools: new Set(['search']),
  toolScopes: new Map([['delete_note', ['notes/write', 'notes/read']]]),
})
const connect = mcpRules({ ...rules, challenge: 'connect' })

const request = (body: string | Uint8Array, more: Partial<McpRequest> = {}): McpRequest => ({
  method: 'POST',
  headers: {},
  body: typeof body === 'string' ? Buffer.from(body) : body,
  asksToSignIn: false,
  ...more,
})
const posted = (message: unknown, headers: McpRequest['headers'] = {}) => request(JSON.stringify(message), { headers })
const calling = (name: unknown, headers: McpRequest['headers'] = {}) =>
  posted({ method: 'tools/call', params: { name } }, headers)

const open = { isOpen: true, scopes: [] }
const closed = { isOpen: false, scopes: ['notes/read'] }

/** Who may send it. */
function judged(mcp: McpRules, asked: McpRequest) {
  const { isOpen, scopes } = demandOf(mcp, asked)
  return { isOpen, scopes }
}

/** The code of the refusal, as JSON-RPC has it; `undefined` when there is none. */
function refusal(asked: McpRequest): number | undefined {
  try {
    demandOf(rules, asked)
    return undefined
  } catch (error) {
    return error instanceof MessageError ? error.rpcCode : Number.NaN
  }
}

t.test('what only lists is open, public tools too; all else is protected, what is unknown as well', async (t) => {
  const lists = ['initialize', 'server/discover', 'ping', 'tools/list', 'prompts/list', 'resources/list']
  for (const method of [...lists, 'resources/templates/list', 'notifications/', 'notifications/cancelled']) {
    t.strictSame(judged(rules, posted({ method })), open, method)
    t.strictSame(judged(connect, posted({ method })), closed, `${method}, with challenge: connect`)
    t.strictSame(judged(rules, { ...posted({ method }), asksToSignIn: true }), closed, `${method}, asking to sign in`)
  }
  t.strictSame(judged(rules, calling('search')), open)
  t.strictSame(judged(connect, calling('search')), closed)

  for (const method of ['', 'tasks/list', 'x/notifications/y', 'notifications', 'Ping', 7, null, ['ping']]) {
    t.strictSame(judged(rules, posted({ method })), closed, String(method))
  }
  for (const message of [{}, { result: {} }, { method: 'resources/read', params: { name: 'search' } }]) {
    t.strictSame(judged(rules, posted(message)), closed, JSON.stringify(message))
  }
  for (const name of ['add_note', 'Search', '', 7, undefined]) t.strictSame(judged(rules, calling(name)), closed)
  for (const params of [null, [], 'search', ['search']]) {
    t.strictSame(judged(rules, posted({ method: 'tools/call', params })), closed, JSON.stringify(params))
  }
})

t.test('a tool needs the scopes of the server and its own, each once', async (t) => {
  const scopes = ['notes/read', 'notes/write']

  t.strictSame(judged(rules, calling('delete_note')), { isOpen: false, scopes })
  t.strictSame(judged(rules, posted({ method: 'tools/list', params: { name: 'delete_note' } })), open)
  t.strictSame(judged(rules, posted({ method: 'prompts/get', params: { name: 'delete_note' } })), closed)
})

t.test('the tool is told that is called, with the message as it was read', async (t) => {
  const message = { method: 'tools/call', params: { name: 'delete_note' } }

  t.match(demandOf(rules, posted(message)), { tool: 'delete_note', message })
  t.match(demandOf(rules, calling('search')), { tool: 'search' })
  for (const asked of [calling(7), posted({ method: 'prompts/get', params: { name: 'search' } })]) {
    t.equal(demandOf(rules, asked).tool, undefined)
  }
})

t.test('the stream of an older server, and its end, are as open as the rest; an upgrade is not', async (t) => {
  for (const method of ['GET', 'DELETE']) {
    t.strictSame(judged(rules, request('', { method })), open, method)
    t.strictSame(judged(connect, request('', { method })), closed, method)
    t.strictSame(judged(rules, request('', { method, asksToSignIn: true })), closed, method)
    t.strictSame(judged(rules, request('', { method, headers: { upgrade: 'websocket' } })), closed, method)
  }
  for (const method of ['PUT', 'PATCH', 'OPTIONS', 'get']) {
    t.strictSame(judged(rules, request('', { method })), closed, method)
  }
})

t.test('a message is one JSON object in UTF-8, without an encoding', async (t) => {
  const ping = { method: 'ping' }
  const parseError = -32700
  const invalidRequest = -32600

  for (const body of [
    '',
    '{',
    '{"method":"ping"',
    '\ufeff{"method":"ping"}',
    Buffer.from('{"method":"ping\xff"}', 'latin1'),
  ]) {
    t.equal(refusal(request(body)), parseError, String(body))
  }
  for (const body of ['[]', '[{"method":"ping"}]', 'null', '"ping"', '7', 'true']) {
    t.equal(refusal(request(body)), invalidRequest, body)
  }
  t.equal(refusal(posted(ping, { 'content-encoding': 'gzip' })), invalidRequest)
  for (const type of [
    'application/json; charset=utf-16',
    'application/json;CHARSET = "latin1"',
    'a/b; charset=utf-88',
    'a/b; charset=xutf-8',
  ]) {
    t.equal(refusal(posted(ping, { 'content-type': type })), parseError, type)
  }
  for (const type of ['application/json', 'application/json; charset=utf-8', 'a/b;Charset = "UTF8"; x=y', 'charset']) {
    t.equal(refusal(posted(ping, { 'content-type': type })), undefined, type)
  }
})

t.test('no member comes twice, or in a spelling that lenient parsers take for one that decides', async (t) => {
  const bodies = [
    '{"method":"ping","method":"ping"}',
    '{"method":"ping","Method":"x"}',
    '{"m\\u0065thod":"ping","method":"x"}',
    ...['JSONRPC', 'Id', 'METHOD', 'Params', 'Result', 'Error', 'param\u017f'].map((name) => `{"${name}":1}`),
    '{"x":1,"X":2}',
    '{"method":"ping","params":{"name":"a","name":"b"}}',
    ...['Name', 'URI', 'Arguments', '_META'].map((name) => `{"params":{"${name}":1}}`),
    '{"params":{"arguments":{"a":[1,{}]},"x":1,"X":2}}',
    '{"x":[1],"method":"ping","METHOD":"x"}',
    '{"x":[{}],"params":{"a":"b","A":1}}',
    '{"params" : {"name" :"a","NAME"\t:"b"}}',
    '{"params":{},"params":{}}',
    '{"x":"{[\\"","method":"ping","METHOD":"x"}',
  ]

  for (const body of bodies) t.equal(refusal(request(body)), -32600, body)
})

t.test('what is deeper, or is a value, may be as it likes', async (t) => {
  const bodies = [
    '{"method":"ping","params":{"arguments":{"name":1,"Name":2,"name":3}}}',
    '{"method":"ping","x":{"name":1,"Name":2,"name":3,"Method":4}}',
    '{"params":{"x":["name","name",{"name":1,"name":2}]},"y":{"Name":1}}',
    '{"params":["name","name"],"x":"method","y":"method"}',
    '{"x":"a \\"method\\": b","method":"ping"}',
    '{"Other":1,"params":{"Other":1}}',
  ]

  for (const body of bodies) t.equal(refusal(request(body)), undefined, body)
})

t.test('headers of the newer era say what the body says', async (t) => {
  const mismatch = -32020
  const named = { 'mcp-method': 'tools/call' }

  t.equal(refusal(calling('search', { 'mcp-method': 'ping' })), mismatch)
  t.equal(refusal(posted({}, { 'mcp-method': 'ping' })), mismatch)
  t.equal(refusal(posted({}, { 'mcp-method': '' })), undefined)
  for (const name of ['add_note', 'Search', '', '=?base64?YWRk?=', '=?base64?c2VhcmNo?= x', 'x =?base64?c2VhcmNo?=']) {
    t.equal(refusal(calling('search', { ...named, 'mcp-name': name })), mismatch, name)
  }
  for (const name of ['search', ' search\t', '=?base64?c2VhcmNo?=', ' =?BASE64?c2VhcmNo?= ']) {
    t.equal(refusal(calling('search', { ...named, 'mcp-name': name })), undefined, name)
  }
  const read = { method: 'resources/read', params: { uri: 'file:///a' } }
  t.equal(refusal(posted(read, { 'mcp-name': 'file:///a' })), undefined)
  t.equal(refusal(posted(read, { 'mcp-name': 'file:///b' })), mismatch)
  t.equal(refusal(posted({ method: 'ping' }, { 'mcp-name': 'a' })), mismatch, 'there is no name')
  t.equal(refusal(posted({ method: 'ping' }, { 'mcp-method': ['ping', 'ping'] })), mismatch, 'it comes twice')
})

t.test('a refusal says what to do instead', async (t) => {
  for (const body of ['', '[]', '{"a":1,"a":2}']) {
    t.throws(() => demandOf(rules, request(body)), { message: /^(Send one|A member comes twice)/ })
  }
  t.throws(() => demandOf(rules, posted({}, { 'content-encoding': 'gzip' })), { message: /without an encoding/ })
  t.throws(() => demandOf(rules, posted({}, { 'content-type': 'a/b; charset=utf-16' })), { message: /UTF-8/ })
  t.throws(() => demandOf(rules, posted({}, { 'mcp-method': 'ping' })), { message: /something else than the body/ })
})
