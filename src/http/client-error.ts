import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { GatewayError } from '../core/errors.ts'
import { problemJson } from './problem.ts'

const statuses: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }

/** Answers what is no HTTP request. Of the error only its code is logged: Node puts the bytes that came into it. */
export function answerClientError(
  error: Error & { readonly code?: string },
  socket: Socket,
  logger: FastifyBaseLogger,
) {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const { code, message: title } = new GatewayError('bad_request')
  const requestId = crypto.randomUUID()
  const status = statuses[error.code ?? ''] ?? 400
  const body = problemJson({ code, status, title, requestId })
  logger.debug({ reqId: requestId, code, reason: error.code }, title)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}
