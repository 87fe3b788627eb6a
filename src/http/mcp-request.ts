import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../core/errors.ts'
import { type Lasting, lastingOf } from '../core/mcp/lasting.ts'
import { demandOf, type McpDemand, type MessageError } from '../core/mcp/message.ts'
import { resourceMetadataUrl } from '../core/mcp/resource-metadata.ts'
import { asksToSignIn } from '../core/mcp/resources.ts'
import { sessionIdOf } from '../core/mcp/session-id.ts'
import type { GuardedRoute, McpRules } from '../core/route.ts'
import { isNavigation } from '../core/same-origin.ts'
import { heldBody, type RequestBody } from './request-body.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What a client of an MCP server is told that has to get a token (RFC 9728 section 5.1). */
    challenge: { readonly resourceMetadata: string; readonly scopes: readonly string[] } | undefined
    /** What a message to an MCP server asks for: its failures are answered accordingly. */
    demand: McpDemand | undefined
  }
}

/** A message to an MCP server, read. */
export interface McpMessage {
  readonly demand: McpDemand
  /** The session of an older server's that it belongs to. */
  readonly sessionId: string | undefined
  readonly lasting: Lasting
  /** Of a POST: the very bytes that were read. */
  readonly body: RequestBody | undefined
}

/**
 * Reads what is asked of an MCP server before anybody is let in. Throws MessageError, `cross_site` for a page of an
 * origin that is none of the route's, and `body_too_large`.
 */
export async function readMcpRequest(
  request: FastifyRequest,
  { cors, maxBodyBytes }: GuardedRoute,
  mcp: McpRules,
): Promise<McpMessage> {
  const { method, headers, target } = request
  request.challenge = { resourceMetadata: resourceMetadataUrl(mcp, target.search), scopes: mcp.scopes }
  const { origin } = headers
  if (origin !== undefined && origin !== request.guarded.origin && !cors.origins.includes(origin)) {
    throw new GatewayError('cross_site')
  }
  const body = method === 'POST' ? await wholeBody(request, maxBodyBytes) : Buffer.alloc(0)
  // A browser that opens the address is told what it is, rather than what the server says to a GET.
  const isChallenged = asksToSignIn(target.search) || isNavigation(request.guarded)
  const demand = demandOf(mcp, { method, headers, body, asksToSignIn: isChallenged })
  request.demand = demand
  if (!demand.isOpen) request.challenge = { ...request.challenge, scopes: demand.scopes }
  const sessionId = sessionIdOf(request.raw.rawHeaders)
  const lasting = lastingOf({ method, headers })
  return { demand, sessionId, lasting, body: method === 'POST' ? heldBody(body) : undefined }
}

function wholeBody({ raw, headers }: FastifyRequest, maxBytes: number): Promise<Buffer> {
  if (Number(headers['content-length'] ?? 0) > maxBytes) return Promise.reject(new GatewayError('body_too_large'))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    raw.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) return void chunks.push(chunk)
      // What is left is read and forgotten, so that the answer reaches the client.
      chunks.length = 0
      reject(new GatewayError('body_too_large'))
    })
    raw.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    raw.on('error', reject)
  })
}

/** Answers a message that cannot be judged. */
export function answerMessageError({ rpcCode, message }: MessageError, reply: FastifyReply): FastifyReply {
  const error = { code: rpcCode, message }
  return answerMessage({ jsonrpc: '2.0', id: null, error }, reply.code(400))
}

/** Answers with a message of ours. */
export function answerMessage(message: object, reply: FastifyReply): FastifyReply {
  return reply
    .headers({ 'content-type': 'application/json', 'cache-control': 'no-store' })
    .send(JSON.stringify(message))
}
