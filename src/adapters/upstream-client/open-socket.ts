import { connect as connectPlain, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'
import type { Upstream } from '../../core/route.ts'
import { tlsOptions } from '../tls-options.ts'

/** Connects to one upstream. */
export interface SocketOpener {
  /** Begins to. What is received goes to `onread`, if that is given, and is not the socket's to read then. */
  readonly open: (onread?: OnReadOpts) => Socket
  /** When a socket may be written to: not before its certificate is verified. */
  readonly ready: 'connect' | 'secureConnect'
}

/** A host that has vanished ends no stream: the kernel asks whether it is there when nothing moved for so long. */
const probeMs = 60_000

/** Sockets to one upstream. Its certificate is verified unless the route says otherwise. */
export function socketsTo({ origin, tls }: Upstream): SocketOpener {
  const { protocol, hostname, port } = new URL(origin)
  const host = hostname.replace(/^\[|\]$/g, '')
  const plain = { host, port: Number(port) || 80, noDelay: true, keepAlive: true, keepAliveInitialDelay: probeMs }
  if (protocol !== 'https:') {
    return { ready: 'connect', open: (onread) => connectPlain({ ...plain, ...(onread && { onread }) }) }
  }

  const { ca, cert, key, ...options } = tlsOptions(tls)
  const secureContext = createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) })
  const secure = {
    ...plain,
    port: Number(port) || 443,
    ...(isIP(host) === 0 && { servername: host }),
    ...options,
    secureContext,
    ALPNProtocols: ['http/1.1'],
  }
  return { ready: 'secureConnect', open: (onread) => connectTls({ ...secure, ...(onread && { onread }) }) }
}
