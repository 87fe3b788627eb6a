import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import type { Reach } from '../core/check/upstream.ts'
import { networkFailure } from './network-failure.ts'
import { tlsOptions } from './tls-options.ts'

/** Connects to upstreams as their pools would, and closes at once. */
export function createReach({
  timeoutMs,
  signal,
}: {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}): Reach {
  return async (route) => {
    const { protocol, hostname, port } = new URL(route.upstream.origin)
    const host = hostname.replace(/^\[|\]$/g, '')
    const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.min(timeoutMs, route.timeouts.connectMs))])
    const to = { host, port: Number(port) || (protocol === 'https:' ? 443 : 80) }
    const socket =
      protocol === 'https:'
        ? connectTls({ ...to, ...(isIP(host) === 0 && { servername: host }), ...tlsOptions(route.upstream.tls) })
        : connectPlain(to)
    try {
      await connected(socket, limit)
      return { certificateEndsAt: socket instanceof TLSSocket ? endOf(socket) : undefined }
    } catch (error) {
      return signal.aborted ? { failure: 'not_asked', code: '' } : networkFailure(error)
    } finally {
      socket.destroy()
    }
  }
}

function connected(socket: Socket, limit: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => resolve())
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
    limit.addEventListener('abort', () => reject(limit.reason), { once: true })
  })
}

function endOf(socket: TLSSocket): number | undefined {
  const end = Date.parse(socket.getPeerCertificate().valid_to)
  return Number.isNaN(end) ? undefined : end
}
