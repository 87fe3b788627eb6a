import t from 'tap'
import { askToOpen, declaredIn, reactionIn } from '../../../src/core/mcp/elicitation.ts'
import type { GrantFacts } from '../../../src/core/mcp/grant.ts'
import type { McpDemand, Message } from '../../../src/core/mcp/message.ts'

const url = 'https://tools.test/oauth/connections/github/link?for=x'
const page = { key: 'ours', url, account: 'GitHub', tool: 'create_issue' }
const text = `create_issue needs your GitHub account. Open this page to connect it, then try again: ${url}`
const grant: GrantFacts = { id: 'one', clientId: 'app', scopes: [], accounts: [], opensPages: false }
const opening: GrantFacts = { ...grant, opensPages: true }

const demand = (message: Message | undefined): McpDemand => ({ isOpen: false, scopes: [], ...(message && { message }) })
const older = (method: string, params: object = {}) => demand({ jsonrpc: '2.0', id: 7, method, params })
const newer = (method: string, elicitation: unknown, params: object = {}) =>
  older(method, {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { elicitation },
    },
    ...params,
  })
const answer = (asked: McpDemand, facts?: GrantFacts) => askToOpen(asked, page, facts) as Record<string, unknown>

t.test('what has no answer in JSON-RPC gets none', async (t) => {
  const others = [undefined, {}, { method: 'tools/call' }, { id: null, method: 'tools/call' }, { id: 7, result: {} }]

  for (const message of others) t.equal(askToOpen(demand(message), page, opening), undefined)
})

t.test(
  'older era: an elicitation for whoever said so, else a text, which is a result where tools are called',
  async (t) => {
    const result = { content: [{ type: 'text', text }], isError: true }

    for (const method of ['tools/call', 'tools/list', 'initialize']) {
      t.match(answer(older(method), opening), { id: 7, error: { code: -32042, data: { elicitations: [{ url }] } } })
    }
    for (const facts of [grant, undefined]) {
      t.strictSame(answer(older('tools/call'), facts), { jsonrpc: '2.0', id: 7, result })
      t.strictSame(answer(older('tools/list'), facts).error, { code: -32000, message: text })
    }
  },
)

t.test('newer era: an elicitation where the request allows it and its method does', async (t) => {
  const asks = { result: { resultType: 'input_required', inputRequests: { ours: { params: { mode: 'url', url } } } } }

  for (const method of ['tools/call', 'prompts/get', 'resources/read'])
    t.match(answer(newer(method, { url: {} })), asks)
  t.match(answer(newer('tools/list', { url: {} })), { error: { message: text } })
  for (const elicitation of [undefined, null, true, {}, { form: {} }, { url: true }, ['url']]) {
    const facts = opening
    t.match(answer(newer('tools/call', elicitation), facts), { result: { resultType: 'complete', isError: true } })
  }
})

t.test('each elicitation of the older era has an id of its own', async (t) => {
  const ids = [1, 2].map(() => JSON.stringify(answer(older('tools/call'), opening)))

  t.not(ids[0], ids[1])
})

t.test('what a client declares is read where it does so, in URL mode alone', async (t) => {
  const initialize = (capabilities: unknown) => declaredIn(older('initialize', { capabilities }))

  t.equal(initialize({ elicitation: { form: {}, url: {} } }), true)
  for (const other of [undefined, null, [], {}, { elicitation: {} }, { elicitation: { form: {} } }]) {
    t.equal(initialize(other), false)
  }
  t.equal(declaredIn(older('tools/call', { capabilities: { elicitation: { url: {} } } })), undefined)
  t.equal(declaredIn(demand(undefined)), undefined)
})

t.test('what became of it is read from the response of that name', async (t) => {
  const reaction = (inputResponses: unknown) => reactionIn(older('tools/call', { inputResponses }), 'ours')

  t.equal(reaction({ ours: { action: 'accept' } }), 'accept')
  for (const action of ['decline', 'cancel', undefined]) t.equal(reaction({ ours: { action } }), 'decline')
  for (const other of [undefined, null, [], {}, { ours: 'accept' }, { another: { action: 'accept' } }]) {
    t.equal(reaction(other), 'none')
  }
})
