import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { isHandshake } from '../core/web-socket.ts'
import { answerClientError } from './client-error.ts'

/** An incoming request, as far as it decides about an upgrade. */
type Incoming = Parameters<typeof isHandshake>[0] & { readonly httpVersion: string }

/** Whether a request may become a WebSocket. In any other one `Upgrade` is not heeded (RFC 9110 section 7.8). */
export function mayUpgrade(request: Incoming): boolean {
  return request.httpVersion === '1.1' && isHandshake(request)
}

/**
 * WebSocket handshakes go the way of all requests: the same hooks, the same refusals. The connection is closed after
 * any answer but 101, so that nothing which came behind the handshake is taken for a request.
 */
export function routeUpgrades(app: FastifyInstance): void {
  app.server.on('upgrade', (request, stream, head) => {
    const socket = stream as Socket
    socket.on('error', () => socket.destroy())
    socket.on('timeout', () => socket.destroy())
    // Before Node 24.9 every request with `Upgrade` comes here.
    if (!mayUpgrade(request)) return answerClientError(new Error('unknown upgrade'), socket, app.log)
    socket.unshift(head)
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    socket.on('drain', () => response.emit('drain'))
    response.on('finish', () => socket.destroySoon())
    app.routing(request, response)
  })
}
