import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  McpServer,
  originValidationResponse,
  WebStandardStreamableHTTPServerTransport as Transport,
} from '@modelcontextprotocol/server'
import type { Ending } from '../../support/gateway-process.ts'
import { startTool } from '../../support/tool.ts'
import { addInputTools, requestState } from './fixture-input.ts'
import { addPrompts, addResources } from './fixture-resources.ts'
import { addTools } from './fixture-tools.ts'

/** Tells who listens that a list has changed. */
export type ListChanged = (list: 'tools' | 'prompts') => void

const capabilities = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  logging: {},
  completions: {},
}

/**
 * An MCP server with all that the conformance suite asks for, in both eras: stateless for 2026-07-28, with sessions for
 * those before. Like any server on a developer's machine it answers requests for localhost only.
 */
export async function startFixtureServer(t: Ending) {
  const modern = createMcpHandler(
    () => buildServer((list) => (list === 'tools' ? modern.notify.toolsChanged() : modern.notify.promptsChanged())),
    { legacy: 'reject' },
  )
  const sessions = new Map<string, Transport>()
  t.teardown(async () => {
    await modern.close()
    for (const session of sessions.values()) await session.close()
  })

  async function answer(request: Request): Promise<Response> {
    const refusal =
      hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
      originValidationResponse(request, localhostAllowedOrigins())
    if (refusal !== undefined) return refusal
    return (await isLegacyRequest(request)) ? answerInSession(request) : modern.fetch(request)
  }

  async function answerInSession(request: Request): Promise<Response> {
    const id = request.headers.get('mcp-session-id')
    if (id === null) return (await openSession()).handleRequest(request)
    return (await sessions.get(id)?.handleRequest(request)) ?? new Response('No such session.', { status: 404 })
  }

  async function openSession(): Promise<Transport> {
    const session = new Transport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, session),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    const server = buildServer((list) =>
      list === 'tools' ? server.sendToolListChanged() : server.sendPromptListChanged(),
    )
    await server.connect(session)
    return session
  }

  const tool = await startTool(t, async (incoming, outgoing) => {
    await send(await answer(webRequest(incoming, outgoing)), outgoing)
  })
  return { url: `${tool.url}/mcp` }
}

function buildServer(changed: ListChanged): McpServer {
  const server = new McpServer({ name: 'fixture', version: '1.0.0' }, { capabilities, requestState })
  addTools(server, changed)
  addInputTools(server)
  addResources(server)
  addPrompts(server)
  return server
}

/** A request of `node:http` as `fetch` has them. Its signal says that the client is gone. */
function webRequest(incoming: IncomingMessage, outgoing: ServerResponse): Request {
  const { method = 'GET', headers, url = '/' } = incoming
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(new URL(url, 'http://localhost'), {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    signal: gone.signal,
    ...(hasBody && { body: incoming, duplex: 'half' }),
  })
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.flushHeaders()
  if (response.body === null) outgoing.end()
  else await pipeline(response.body, outgoing).catch(() => outgoing.destroy())
}
