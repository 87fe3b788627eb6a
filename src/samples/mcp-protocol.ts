// As much of the Model Context Protocol as a server with a few tools needs, without sessions: the revisions with
// `initialize`, and 2026-07-28, in which each request says its own version.

/** A tool with at most one argument, a text. */
export interface Tool {
  readonly description: string
  readonly argument?: string
  readonly call: (argument: string, authorization: string | undefined) => string | Promise<string>
}

/** A request, a notification or a response of JSON-RPC. Only a request has both an `id`, sent back as it came, and a method. */
export interface Message {
  readonly id?: unknown
  readonly method?: string
  readonly params?: Params
}

interface Params {
  readonly protocolVersion?: string
  readonly name?: string
  readonly arguments?: Readonly<Record<string, unknown>>
  readonly _meta?: Readonly<Record<string, unknown>>
}

interface Answer {
  readonly status: number
  readonly body?: object
}

type Headers = Readonly<Record<string, string | string[] | undefined>> & { readonly authorization?: string | undefined }

/** What a message must be. Batches, which one revision had, are none. */
export const messageSchema = {
  type: 'object',
  required: ['jsonrpc'],
  properties: {
    jsonrpc: { const: '2.0' },
    method: { type: 'string' },
    params: {
      type: 'object',
      properties: {
        protocolVersion: { type: 'string' },
        name: { type: 'string' },
        arguments: { type: 'object' },
        _meta: { type: 'object' },
      },
    },
  },
}

type Method = (params: Params, authorization: string | undefined) => object | Promise<object>

const newest = '2026-07-28'
const older = ['2025-11-25', '2025-06-18', '2025-03-26']
const supportedVersions = [newest, ...older]
const serverInfo = { name: 'toolgate-notes', version: '1.0.0' }
const about = { capabilities: { tools: {} }, instructions: 'Notes that everybody may search.' }
const cached = { ttlMs: 0, cacheScope: 'public' }

/** What is wrong with a request, in the words of JSON-RPC. */
class RpcError extends Error {
  readonly code: number
  readonly status: number
  readonly data: object | undefined

  constructor(code: number, message: string, status = 200, data?: object) {
    super(message)
    this.code = code
    this.status = status
    this.data = data
  }
}

/** Gives what answers one message. It throws what a tool throws. */
export function createMcp(tools: Readonly<Record<string, Tool>>) {
  const shared: Record<string, Method> = {
    'tools/list': () => ({ tools: Object.entries(tools).map(listed), ...cached }),
    'tools/call': async ({ name = '', arguments: given = {} }, authorization) => {
      const tool = Object.hasOwn(tools, name) ? tools[name] : undefined
      if (tool === undefined) throw new RpcError(-32602, `There is no tool ${name}.`)
      const argument = tool.argument === undefined ? '' : given[tool.argument]
      if (typeof argument !== 'string') throw new RpcError(-32602, `The argument ${tool.argument} must be a text.`)
      return { content: [{ type: 'text', text: await tool.call(argument, authorization) }] }
    },
  }
  const olderMethods = new Map<string, Method>(Object.entries({ ...shared, initialize, ping: () => ({}) }))
  const newestMethods = new Map<string, Method>(Object.entries({ ...shared, 'server/discover': discover }))

  return async function answer({ id, method, params = {} }: Message, headers: Headers): Promise<Answer> {
    if (id === undefined || method === undefined) return { status: 202 }
    const version = params._meta?.['io.modelcontextprotocol/protocolVersion']
    const isNewest = version !== undefined || headers['mcp-protocol-version'] === newest
    try {
      if (isNewest) checkVersion(version, method, headers)
      const act = (isNewest ? newestMethods : olderMethods).get(method)
      if (act === undefined) throw new RpcError(-32601, `There is no method ${method}.`, isNewest ? 404 : 200)
      const result = await act(params, headers.authorization)
      return {
        status: 200,
        body: { jsonrpc: '2.0', id, result: isNewest ? { resultType: 'complete', ...result } : result },
      }
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      const { code, message, data, status } = error
      return { status, body: { jsonrpc: '2.0', id, error: { code, message, ...(data && { data }) } } }
    }
  }
}

/** Throws unless the headers say what the body says, and we know the version. */
function checkVersion(version: unknown, method: string, headers: Headers): void {
  if (version === undefined) throw new RpcError(-32602, 'The request does not say its version.', 400)
  if (version !== headers['mcp-protocol-version'] || method !== headers['mcp-method'])
    throw new RpcError(-32020, 'The headers say something else than the body.', 400)
  if (version !== newest)
    throw new RpcError(-32022, 'That version is not known here.', 400, {
      supported: supportedVersions,
      requested: version,
    })
}

function initialize({ protocolVersion }: Params) {
  return { protocolVersion: older.find((version) => version === protocolVersion) ?? older[0], serverInfo, ...about }
}

function discover() {
  return { supportedVersions, _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo }, ...about, ...cached }
}

function listed([name, { description, argument }]: [string, Tool]) {
  const properties = argument === undefined ? {} : { [argument]: { type: 'string' } }
  return { name, description, inputSchema: { type: 'object', properties, required: Object.keys(properties) } }
}
