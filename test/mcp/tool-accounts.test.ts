// A tool with an account of its own, and what both official clients make of it.
import { randomBytes } from 'node:crypto'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { createMcp } from '../../src/samples/mcp-protocol.ts'
import { press } from '../support/linking.ts'
import { callTool, connect, createPerson, register, type Tokens } from '../support/mcp-client.ts'
import { startRedis } from '../support/redis.ts'
import { type ConfigPatch, startGateway, startParts } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const clock = { ahead: 0 }
const hub = { given: 0, hasEnded: false }
/** Tokens that the server takes no more. */
const refused = new Set<string>()

/** Answers as GitHub does, for whoever comes. */
const { url: hubUrl } = await startTool(t, async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://hub')
  if (pathname === '/authorize') {
    const back = `${searchParams.get('redirect_uri')}?code=code&state=${searchParams.get('state')}`
    return response.writeHead(302, { location: back }).end()
  }
  const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString())
  const isRefused = form.get('grant_type') === 'refresh_token' && hub.hasEnded
  const tokens = {
    access_token: `hub-${++hub.given}`,
    refresh_token: 'refresh',
    expires_in: 3600,
    token_type: 'bearer',
  }
  response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/json' })
  return response.end(JSON.stringify(isRefused ? { error: 'invalid_grant' } : tokens))
})

/** An MCP server whose tools tell which token they got. */
const answer = createMcp({
  create_issue: { description: 'Makes an issue', call: (_, authorization) => `with ${authorization}` },
  add_note: { description: 'Makes a note', call: (_, authorization) => `with ${authorization}` },
})
const server = await startTool(t, async (request, response) => {
  if (request.method !== 'POST') return response.writeHead(405).end()
  if (refused.has(request.headers.authorization ?? '')) return response.writeHead(401).end()
  const message = JSON.parse(Buffer.concat(await request.toArray()).toString())
  const { status, body } = await answer(message, request.headers)
  response.writeHead(status, { 'content-type': 'application/json' })
  return response.end(JSON.stringify(body))
})

const [parts, redis] = await Promise.all([startParts(t), startRedis(t)])
const { origin } = parts
const client = {
  authorization_endpoint: `${hubUrl}/authorize`,
  token_endpoint: `${hubUrl}/token`,
  client_id: 'toolgate',
}
const key = randomBytes(32).toString('base64')
const config = (mcp: ConfigPatch) => ({
  ...parts.yaml,
  log: { level: 'fatal' },
  store: { url: `redis://127.0.0.1:${redis.port}` },
  encryption_keys: [key],
  providers: { ...parts.yaml.providers, hub: { type: 'oauth2', ...client, client_secret: 'secret', scopes: ['read'] } },
  routes: [{ name: 'notes', title: 'Notes', path: '/mcp', upstream: server.url, mcp }],
})
const now = { now: () => Date.now() + clock.ahead }
const before = await startGateway(t, config({}), now)
const app = await register(origin)
const earlier = await someone()
await before.close()
await startGateway(t, config({ tool_providers: { create_issue: 'hub' } }), now)

async function someone(username = 'ada') {
  const person = createPerson(username)
  return { person, tokens: await connect(origin, app, person) }
}

const linkIn = (text: string) => /https?:\S+\/link\?for=[\w-]+/.exec(text)?.[0] ?? ''
const call = ({ access_token: token }: Tokens, name = 'create_issue') => callTool(origin, token, name)
const textOf = ({ content }: object & { content?: unknown }) => (content as { text: string }[])[0]?.text ?? ''

/** Opens a link and presses its button; gives the last page. */
async function connectHub({ browser }: ReturnType<typeof createPerson>, link: string) {
  const { location = '' } = await press(browser, await browser.open(link))
  return browser.open(new URL(location, origin).href)
}

function disconnect({ browser }: ReturnType<typeof createPerson>) {
  return browser.load(`${origin}/oauth/connections/hub/disconnect`, { method: 'POST', form: {}, headers: { origin } })
}

t.test(
  'an account that consent did not name is used after a yes to that, though it was connected before',
  async (t) => {
    const { person, tokens } = earlier
    await person.browser.open(`${origin}/oauth/connections`)
    const { location = '' } = await person.browser.load(`${origin}/oauth/connections/hub/connect`, {
      method: 'POST',
      form: {},
      headers: { origin },
    })
    await person.browser.open(location)

    const asked = await call(tokens)
    const link = linkIn(textOf(asked.json.result))
    const page = await person.open(link)
    t.match(page.body, /<button[^>]*>Allow</)
    const given = hub.given
    const done = await connectHub(person, link)

    t.match(done.body, 'Hub is connected')
    t.equal(hub.given, given, 'nobody was sent to the provider again')
    t.equal(textOf((await call(tokens)).json.result), `with Bearer hub-${hub.given}`)
    await disconnect(person)
  },
)

t.test(
  'a server that refuses the account’s token gets a renewed one; when there is none, its user is asked',
  async (t) => {
    const { person, tokens } = await someone('grace')
    await connectHub(person, linkIn(textOf((await call(tokens)).json.result)))
    t.equal(textOf((await call(tokens)).json.result), `with Bearer hub-${hub.given}`)
    const first = hub.given

    refused.add(`Bearer hub-${first}`)
    clock.ahead += 31_000
    t.equal(textOf((await call(tokens)).json.result), `with Bearer hub-${first + 1}`)

    refused.add(`Bearer hub-${first + 1}`)
    hub.hasEnded = true
    clock.ahead += 31_000
    const ended = await call(tokens)
    t.equal(ended.json.result.isError, true)
    t.match(linkIn(textOf(ended.json.result)), origin)
    t.equal((await call(tokens, 'add_note')).status, 200, 'the rest goes on')

    hub.hasEnded = false
    await connectHub(person, linkIn(textOf(ended.json.result)))
    t.equal(textOf((await call(tokens)).json.result), `with Bearer hub-${hub.given}`)
    await disconnect(person)
  },
)

t.test('the SDK for 2026-07-28 has its user open the page, and gets the answer of the tool in one call', async (t) => {
  const { person, tokens } = await someone()
  const sdk = new Client(
    { name: 'Test', version: '1' },
    { versionNegotiation: { mode: 'auto' }, capabilities: { elicitation: { url: {} } } },
  )
  t.teardown(() => sdk.close())
  const opened: string[] = []
  sdk.setRequestHandler('elicitation/create', async ({ params }) => {
    const url = 'url' in params ? params.url : ''
    opened.push(url)
    // The person takes a moment, and the client does not wait.
    connectHub(person, url)
    return { action: 'accept' }
  })
  await sdk.connect(transport(StreamableHTTPClientTransport, tokens))

  const result = await sdk.callTool({ name: 'create_issue', arguments: {} })

  t.equal(sdk.getNegotiatedProtocolVersion(), '2026-07-28')
  t.equal(textOf(result), `with Bearer hub-${hub.given}`)
  t.equal(opened.length, 1)
  await disconnect(person)
})

t.test('the SDK for 2025-11-25 is told the page in an error, and calls again', async (t) => {
  const { person, tokens } = await someone()
  const sdk = new OlderClient({ name: 'Test', version: '1' }, { capabilities: { elicitation: { url: {} } } })
  t.teardown(() => sdk.close())
  sdk.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept' }))
  await sdk.connect(transport(OlderTransport, tokens) as Parameters<typeof sdk.connect>[0])
  const issue = () => sdk.callTool({ name: 'create_issue', arguments: {} })

  const error = await issue().catch((failure) => failure)

  t.equal(error.constructor.name, 'UrlElicitationRequiredError')
  const [{ url }] = error.elicitations
  await connectHub(person, url)
  t.equal(textOf(await issue()), `with Bearer hub-${hub.given}`)
  await disconnect(person)
})

/** A transport with the client's token. */
function transport<T>(Transport: new (url: URL, options: object) => T, { access_token: token }: Tokens): T {
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  return new Transport(new URL(`${origin}/mcp`), { requestInit })
}
