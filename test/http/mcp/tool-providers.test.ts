import t from 'tap'
import { connectAccount, disconnect, press } from '../../support/linking.ts'
import {
  authorizeUrl,
  callTool,
  connect,
  createPerson,
  register,
  sendMessage,
  type Tokens,
} from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'
import { accessTokenSeconds, startOidcProvider } from '../../support/oidc-provider.ts'

type Crm = Awaited<ReturnType<typeof startOidcProvider>>

const clock = { ahead: 0 }
const lines: string[] = []
const crms: Crm[] = []
const { origin, echo } = await startMcpStack(t, {
  mcp: { scopes: [], tool_scopes: {}, public_tools: ['search'], tool_providers: { create_issue: 'crm' } },
  now: () => Date.now() + clock.ahead,
  log: (line) => lines.push(line),
  async further(at) {
    crms.push(await startOidcProvider(t, { origin: at, callback: '/callback/crm' }))
    return { crm: { ...crms[0]?.config } }
  },
})
const client = await register(origin)
const version = { 'mcp-protocol-version': '2025-11-25' }
const urlMode = { elicitation: { form: {}, url: {} } }

const bearer = () => echo.received.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? ''
const isOfCrm = async (token: string) => (await crms[0]?.isGood(token)) === true
const authorization = ({ access_token: token }: Tokens) => ({ authorization: `Bearer ${token}` })
const createIssue = ({ access_token: token }: Tokens, headers = {}) => callTool(origin, token, 'create_issue', headers)

/** Somebody whose client has a token, and what that client says of itself at the start. */
async function someone({ username = 'ada', capabilities }: { username?: string; capabilities?: object } = {}) {
  const person = createPerson(username)
  const tokens = await connect(origin, client, person)
  if (capabilities !== undefined) {
    const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1' } }
    await sendMessage(origin, { method: 'initialize', params }, authorization(tokens))
  }
  return { person, tokens, browser: person.browser }
}

/** A call in the newer era, with more params. */
function callNow(tokens: Tokens, params: object = {}, capabilities: object = urlMode) {
  const meta = {
    protocolVersion: '2026-07-28',
    clientInfo: { name: 'test', version: '1' },
    clientCapabilities: capabilities,
  }
  const _meta = Object.fromEntries(
    Object.entries(meta).map(([name, value]) => [`io.modelcontextprotocol/${name}`, value]),
  )
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'create_issue' }
  const message = { method: 'tools/call', params: { name: 'create_issue', _meta, ...params } }
  return sendMessage(origin, message, { ...authorization(tokens), ...headers })
}

/** The address in the text of a result. */
const linkIn = (json: { result: { content: { text: string }[] } }) =>
  /https?:\S+/.exec(json.result.content[0]?.text ?? '')?.[0] ?? ''

t.test('a client of the older era that opens pages is given one, and the call works once it was used', async (t) => {
  const { person, tokens } = await someone({ capabilities: urlMode })
  const passed = echo.received.length

  const asked = await createIssue(tokens, version)

  t.equal(asked.status, 200)
  t.match(asked.json, {
    jsonrpc: '2.0',
    id: 1,
    error: {
      code: -32042,
      data: {
        elicitations: [{ mode: 'url', elicitationId: /^[\w-]{36}$/, message: 'create_issue needs your Crm account.' }],
      },
    },
  })
  t.equal(echo.received.length, passed, 'the server did not see it')
  const { url } = asked.json.error.data.elicitations[0]
  t.ok(url.startsWith(`${origin}/oauth/connections/crm/link?for=`))

  const done = await connectAccount(person, url)
  t.match(done, { status: 200, url })
  t.match(done.body, /Crm is connected.*You can go back to An app/s)

  t.equal((await createIssue(tokens, version)).status, 200)
  const linked = bearer()
  t.ok(await isOfCrm(linked), 'the tool gets the token of the account')
  await callTool(origin, tokens.access_token, 'add_note')
  t.notOk(await isOfCrm(bearer()), 'every other tool gets that of the sign-in')
  t.not(bearer(), '')

  clock.ahead += accessTokenSeconds * 1000
  await createIssue(tokens)
  t.not(bearer(), linked, 'it is refreshed when it is over')
  t.ok(await isOfCrm(bearer()))

  await crms[0]?.revoke(bearer())
  clock.ahead += accessTokenSeconds * 1000
  t.equal((await createIssue(tokens)).json.error.code, -32042, 'and asked for again when it has ended')
  await disconnect(person, origin)
  t.equal((await createIssue(tokens)).json.error.code, -32042)
})

t.test('a client that opens no pages gets the address in the text of a result', async (t) => {
  const capabilities = { elicitation: {} }
  const { person, tokens } = await someone({ capabilities })

  const asked = await createIssue(tokens)

  t.match(asked, { status: 200, json: { id: 1, result: { isError: true, content: [{ type: 'text' }] } } })
  t.match((await connectAccount(person, linkIn(asked.json))).body, 'Crm is connected')
  t.notOk((await createIssue(tokens)).json.result, 'the answer of the tool')
  await disconnect(person, origin)
})

t.test('a client of the newer era says with each call that it opens pages', async (t) => {
  const { person, tokens } = await someone()

  const asked = await callNow(tokens)
  const without = await callNow(tokens, {}, { elicitation: { form: {} } })

  t.match(asked.json.result, {
    resultType: 'input_required',
    inputRequests: {
      'toolgate.connect.crm': {
        method: 'elicitation/create',
        params: { mode: 'url', url: /link\?for=/, message: 'create_issue needs your Crm account.' },
      },
    },
  })
  t.notOk('requestState' in asked.json.result, 'nothing for the server to be confused by')
  t.match(without.json.result, { resultType: 'complete', isError: true })

  const declined = await callNow(tokens, { inputResponses: { 'toolgate.connect.crm': { action: 'decline' } } })
  t.match(declined.json.result, { resultType: 'complete', isError: true }, 'who said no is not asked again')
  const state = await callNow(tokens, { requestState: 'of the server' })
  t.equal(state.json.result.requestState, 'of the server', 'comes back to the server')

  const inputResponses = { 'toolgate.connect.crm': { action: 'accept' } }
  const waiting = callNow(tokens, { inputResponses })
  const { url } = asked.json.result.inputRequests['toolgate.connect.crm'].params
  await connectAccount(person, url)
  t.equal((await waiting).status, 200)
  t.ok(await isOfCrm(bearer()), 'a call that was sent again waits for its user')
  t.strictSame(JSON.parse(echo.received.at(-1)?.body ?? '').params.inputResponses, inputResponses, 'as it came')
  await disconnect(person, origin)
})

t.test('only whoever the app acts for can use a link', async (t) => {
  const { person, tokens } = await someone({ username: 'grace' })
  const link = linkIn((await createIssue(tokens)).json)
  const [victim, nobody] = [createPerson(), createPerson('grace')]
  await victim.browser.signIn(`${origin}/tool`)

  const page = await victim.browser.open(link)
  const pressed = await victim.browser.load(link, { method: 'POST', form: {}, headers: { origin } })

  for (const answer of [page, pressed]) {
    t.equal(answer.status, 403)
    t.match(answer.body, 'link_of_another')
    t.match(answer.body, 'ada@example.com')
  }
  t.ok(lines.some((line) => line.includes('"audit":"access_denied"') && line.includes('link_of_another')))

  t.match((await nobody.browser.load(link)).location, '/oauth/sign-in?return_to=')
  const back = await nobody.browser.signIn(link, 'grace')
  t.match(back, { status: 200, url: link }, 'who has to sign in first comes back')
  t.match(back.body, 'Connect Crm for An app?')
  const crossSite = { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }
  t.equal((await press(person.browser, await person.open(link), crossSite)).status, 403)
  t.equal((await createIssue(tokens)).json.result.isError, true, 'nothing was linked by that')
})

t.test('a link is over after ten minutes, and says no more than that when it was changed', async (t) => {
  const { person, tokens } = await someone()
  const link = linkIn((await createIssue(tokens)).json)
  const load = (url: string) => person.browser.load(url)
  t.equal((await load(link)).status, 200)

  clock.ahead += 10 * 60_000
  const late = await load(link)
  const cut = await load(link.slice(0, -9))
  const ofAnother = await load(link.replace('/crm/', '/cognito/'))

  for (const answer of [late, cut, ofAnother, await load(`${origin}/oauth/connections/crm/link`)]) {
    t.equal(answer.status, 400)
    t.match(answer.body, 'link_expired')
  }
})

t.test('consent names the accounts that tools use, and the connections page the tools that use one', async (t) => {
  const person = createPerson()
  await person.browser.signIn(`${origin}/tool`)

  const asked = await person.open(authorizeUrl(origin, await register(origin)))
  await connect(origin, client, person)
  const { body } = await person.open(`${origin}/oauth/connections`)

  t.match(asked.body, 'Use your Crm account through it')
  t.notMatch(asked.body, 'Use your Cognito account')
  t.match(body, /Needed by<\/dt>\s*<dd>Notes/)
  t.match(body, /Apps that act for you.*Use your Crm account through it/s)
})
