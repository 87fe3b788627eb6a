import type { GrantFacts } from './grant.ts'
import { isObject, type McpDemand, type Message } from './message.ts'

/** A page that a person has to open before a call can be answered. */
export interface PageToOpen {
  /** Names what is asked, among all that a call may ask. */
  readonly key: string
  readonly url: string
  /** Which account, for whom. */
  readonly account: string
  readonly tool: string
}

/** What the person did about it, as the client that calls again says (2026-07-28, Multi Round-Trip Requests). */
export type Reaction = 'none' | 'accept' | 'decline'

const metaPrefix = 'io.modelcontextprotocol/'
/** URLElicitationRequiredError (2025-11-25, Elicitation). */
const urlElicitationRequired = -32042
const serverError = -32000
/** What may be answered with an InputRequiredResult. */
const multiRoundTrip = ['tools/call', 'prompts/get', 'resources/read']

/** Whether a client has its user open pages, where the message is that in which it says so for those that follow. */
export function declaredIn({ message }: McpDemand): boolean | undefined {
  return message?.method === 'initialize' ? opensPages(paramsOf(message).capabilities) : undefined
}

/** What became of what was asked before. */
export function reactionIn({ message }: Pick<McpDemand, 'message'>, key: string): Reaction {
  const { inputResponses } = paramsOf(message)
  const response = isObject(inputResponses) ? inputResponses[key] : undefined
  if (!isObject(response)) return 'none'
  return response.action === 'accept' ? 'accept' : 'decline'
}

/**
 * The answer to a request that waits for somebody to open a page: an elicitation in URL mode where the client does that,
 * in the form of its revision, else an error with the address in its text. `undefined` for what has no answer.
 */
export function askToOpen({ message }: McpDemand, page: PageToOpen, grant: GrantFacts | undefined): object | undefined {
  const { id, method } = message ?? {}
  if (message === undefined || typeof method !== 'string' || !(typeof id === 'string' || typeof id === 'number')) {
    return undefined
  }
  const params = paramsOf(message)
  const meta = isObject(params._meta) ? params._meta : {}
  const isStateless = typeof meta[`${metaPrefix}protocolVersion`] === 'string'
  const elicitation = { mode: 'url', url: page.url, message: `${page.tool} needs your ${page.account} account.` }
  const answer = (body: object) => ({ jsonrpc: '2.0', id, ...body })

  if (!isStateless && grant?.opensPages) {
    const data = { elicitations: [{ ...elicitation, elicitationId: crypto.randomUUID() }] }
    return answer({ error: { code: urlElicitationRequired, message: elicitation.message, data } })
  }
  const mayAsk = multiRoundTrip.includes(method) && opensPages(meta[`${metaPrefix}clientCapabilities`])
  if (isStateless && mayAsk && reactionIn({ message }, page.key) !== 'decline') {
    const inputRequests = { [page.key]: { method: 'elicitation/create', params: elicitation } }
    // The server's own state, where it had asked for something before: nothing of ours goes through the client.
    const state = params.requestState !== undefined && { requestState: params.requestState }
    return answer({ result: { resultType: 'input_required', inputRequests, ...state } })
  }
  const text = `${elicitation.message} Open this page to connect it, then try again: ${page.url}`
  if (method !== 'tools/call') return answer({ error: { code: serverError, message: text } })
  const result = { content: [{ type: 'text', text }], isError: true }
  return answer({ result: isStateless ? { resultType: 'complete', ...result } : result })
}

function opensPages(capabilities: unknown): boolean {
  return isObject(capabilities) && isObject(capabilities.elicitation) && isObject(capabilities.elicitation.url)
}

function paramsOf(message: Message | undefined): Message {
  return isObject(message?.params) ? message.params : {}
}
