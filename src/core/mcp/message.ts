import { rememberedText } from '../remembered.ts'
import { unionOfScopes } from '../replace-tokens.ts'
import type { McpRules } from '../route.ts'
import { memberNames } from './member-names.ts'

/** What a message to an MCP server asks for. */
export interface McpDemand {
  /** Anybody may, without a token. */
  readonly isOpen: boolean
  /** What the grant must hold. */
  readonly scopes: readonly string[]
  /** The tool that is called. */
  readonly tool?: string | undefined
  /** Of a POST. */
  readonly message?: Message
}

/** A message, read: a JSON object. */
export type Message = Readonly<Record<string, unknown>>

/** A message that no policy can be applied to; the client gets 400 and this, as JSON-RPC has it. */
export class MessageError extends Error {
  readonly rpcCode: number

  constructor(rpcCode: number, message: string) {
    super(message)
    this.rpcCode = rpcCode
  }
}

/** A request to an MCP server, as far as the policy looks at it. */
export interface McpRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Of a POST. */
  readonly body: Uint8Array
  /** The client wants to be challenged, whatever it asks for. */
  readonly asksToSignIn: boolean
}

/** What only lists, of either era of the protocol. */
const openMethods = new Set([
  'initialize',
  'server/discover',
  'ping',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
])

/** Members that decide, or that servers look at: spelled in another way they would mean something to some servers only. */
const messageMembers = ['jsonrpc', 'id', 'method', 'params', 'result', 'error']
const paramsMembers = ['name', 'uri', 'arguments', '_meta']

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const parseError = -32700
export const invalidRequest = -32600
const headerMismatch = -32020

/**
 * What a request asks for, by its body alone. Throws MessageError for what two servers could read in two ways: several
 * messages in one, a member that comes twice, headers that say something else than the body.
 */
export function demandOf(mcp: McpRules, { method, headers, body, asksToSignIn }: McpRequest): McpDemand {
  const isLazy = mcp.challenge === 'lazy' && !asksToSignIn
  if (method !== 'POST') {
    // The stream and the end of a session of an older server: what comes of it was opened by messages that passed here.
    const isStream = (method === 'GET' || method === 'DELETE') && headers.upgrade === undefined
    return { isOpen: isLazy && isStream, scopes: isLazy && isStream ? [] : mcp.scopes }
  }
  const message = readMessage(headers, body)
  const called = typeof message.method === 'string' ? message.method : ''
  const params = isObject(message.params) ? message.params : {}
  requireAgreement(headers['mcp-method'], called)
  requireAgreement(headers['mcp-name'], params.name ?? params.uri)
  const tool = called === 'tools/call' && typeof params.name === 'string' ? params.name : undefined
  const isOpen = isLazy && (openMethods.has(called) || called.startsWith('notifications/') || isPublic(mcp, tool))
  if (isOpen) return { isOpen, scopes: [], tool, message }
  const ofTool = tool === undefined ? undefined : mcp.toolScopes.get(tool)
  return { isOpen, scopes: ofTool === undefined ? mcp.scopes : unionOfScopes(mcp.scopes, ofTool), tool, message }
}

function isPublic({ publicTools }: McpRules, tool: string | undefined): boolean {
  return tool !== undefined && publicTools.has(tool)
}

function readMessage(headers: McpRequest['headers'], body: Uint8Array): Message {
  if (headers['content-encoding'] !== undefined) throw new MessageError(invalidRequest, 'Send it without an encoding.')
  if (!isUtf8(String(headers['content-type'] ?? ''))) throw new MessageError(parseError, 'Send it in UTF-8.')
  let text: string
  let message: unknown
  try {
    text = utf8.decode(body)
    message = JSON.parse(text)
  } catch {
    throw new MessageError(parseError, 'Send one JSON object in UTF-8.')
  }
  if (!isObject(message)) throw new MessageError(invalidRequest, 'Send one message, as a JSON object.')
  const { top, params } = memberNames(text)
  if (isAmbiguous(top, messageMembers) || isAmbiguous(params, paramsMembers)) {
    throw new MessageError(invalidRequest, 'A member comes twice, or in another spelling.')
  }
  return message
}

/** Whether a `Content-Type` names no other charset. */
const isUtf8 = rememberedText(100, (type) => {
  const charset = /charset\s*=\s*"?([^\s";]+)/i.exec(type)?.[1] ?? 'utf-8'
  return /^utf-?8$/i.test(charset)
})

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isAmbiguous(names: readonly string[], known: readonly string[]): boolean {
  const folded = names.map((name) => (known.includes(name) ? name : fold(name)))
  return new Set(folded).size < names.length || folded.some((name, at) => name !== names[at] && known.includes(name))
}

/** As lenient parsers compare names: also the long s and the sign for kelvin are letters then. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase()
}

/** A header of the newer era says what the body says (2026-07-28, Streamable HTTP, Standard MCP Request Headers). */
function requireAgreement(header: string | string[] | undefined, value: unknown): void {
  if (header === undefined || decoded(String(header)) === value) return
  throw new MessageError(headerMismatch, 'A header says something else than the body.')
}

function decoded(header: string): string {
  const [, encoded] = /^=\?base64\?([\w+/=]*)\?=$/i.exec(header.trim()) ?? []
  return encoded === undefined ? header.trim() : Buffer.from(encoded, 'base64').toString()
}
