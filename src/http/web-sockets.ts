import type { Duplex } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { headerText, type RawHeaders } from '../core/headers.ts'
import type { Ending } from '../core/open-exchanges.ts'
import { acceptFor } from '../core/web-socket.ts'
import { openTunnel, type Tunnel } from './tunnel.ts'

/** RFC 6455 section 7.4.1. */
const goingAway = 1001

/** Close codes and reasons: 4401 is ours, of those for private use (RFC 6455 section 7.4.2), 1013 is registered. */
const endings: Readonly<Record<Ending, readonly [code: number, reason: string]>> = {
  session_ended: [4401, 'session ended'],
  store_unavailable: [1013, 'try again later'],
}

/** The WebSockets that go through us. */
export function createWebSockets() {
  const tunnels = new Set<Tunnel>()
  let isClosing = false

  const sayGoodbye = (tunnel: Tunnel) => tunnel.close(goingAway, 'going away')

  return {
    /** What may become of a handshake that was let through. `idleMs`: how long nothing may pass. */
    expect(request: FastifyRequest, reply: FastifyReply, idleMs: number) {
      let tunnel: Tunnel | undefined

      return {
        /** Answers as the upstream did and joins the two, until both have closed. Throws if it does not speak WebSocket. */
        async join(upstream: Duplex, headers: RawHeaders): Promise<void> {
          const key = String(request.headers['sec-websocket-key'])
          if (headerText(headers, 'sec-websocket-accept') !== acceptFor(key))
            throw new Error('no WebSocket server answered')
          tunnel = openTunnel(switchProtocols(reply, headers), upstream, idleMs)
          tunnels.add(tunnel)
          if (isClosing) sayGoodbye(tunnel)
          await tunnel.closed
          tunnels.delete(tunnel)
        },

        wasUsed: () => tunnel?.wasUsed() ?? false,

        end(because: Ending): void {
          if (tunnel === undefined) reply.raw.destroy()
          else tunnel.close(...endings[because])
        },
      }
    },

    /** Says goodbye to all, those that are about to open, too. */
    async closeAll(): Promise<void> {
      isClosing = true
      for (const tunnel of tunnels) sayGoodbye(tunnel)
      await Promise.all([...tunnels].map(({ closed }) => closed))
    },
  }
}

/** Answers 101. The connection is nobody's then, and is given. */
function switchProtocols(reply: FastifyReply, headers: RawHeaders) {
  const { raw } = reply
  const { socket } = raw.req
  raw.writeHead(101, [...headers, 'connection', 'Upgrade', 'upgrade', 'websocket'])
  reply.hijack()
  raw.flushHeaders()
  raw.detachSocket(socket)
  return socket
}
