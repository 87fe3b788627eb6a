import fp from 'fastify-plugin'
import { canonicalTarget, originForm, type RequestTarget, withoutDefaultPort } from '../../core/canonical-path.ts'
import { clientOf, type TrustedProxies } from '../../core/client.ts'
import { GatewayError } from '../../core/errors.ts'
import type { GuardedRequest } from '../../core/guard.ts'
import { headerValues } from '../../core/headers.ts'
import type { RouteTable } from '../../core/route-table.ts'
import type { Arrival } from '../../core/upstream-headers.ts'
import type { Services } from '../services.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The canonical path and the query, the only form in which anything here looks at the address. */
    target: RequestTarget
    /** The addressed host, one of ours: lower case, without the scheme's default port. */
    servedHost: string
    /** Who asks, and how: what upstreams are told. Not Fastify's `ip`, which knows nothing of trusted proxies. */
    arrival: Arrival
    /** What the guard looks at. */
    guarded: GuardedRequest
  }
}

interface ArrivalOptions {
  readonly table: RouteTable
  readonly trustedProxies: TrustedProxies
  readonly scheme: 'http' | 'https'
  readonly cookieName: string
  readonly during: Services['during']
}

const onceOnly = ['host', 'authorization', 'content-length']

/** Before anything else: is this request for us, is it unambiguous, and which canonical address does it name? */
export default fp<ArrivalOptions>(
  async function arrival(app, { table, trustedProxies, scheme, cookieName, during }) {
    app.decorateRequest('target')
    app.decorateRequest('servedHost', '')
    app.decorateRequest('arrival')
    app.decorateRequest('guarded')

    app.addHook('onRequest', function arrive(request, _reply, done) {
      // The client has gone already, and with it its address, which others count on.
      const peer = request.socket.remoteAddress
      if (peer === undefined) throw new GatewayError('bad_request')
      const { rawHeaders } = request.raw
      refuseRepeated(rawHeaders)
      const client = clientOf(rawHeaders, peer, trustedProxies)
      const named = withoutDefaultPort(request.headers.host ?? '', scheme)
      request.servedHost = client.host === undefined ? named : withoutDefaultPort(client.host, scheme)
      if (!table.serves(request.servedHost)) throw new GatewayError('host_unknown')
      request.arrival = {
        clientAddress: client.address,
        host: request.servedHost,
        scheme: client.scheme ?? scheme,
      }
      const { target, host } = originForm(request.originalUrl)
      // An address that names one host in two ways would be read differently by different servers.
      if (host !== undefined && withoutDefaultPort(host, scheme) !== named) {
        throw new GatewayError('bad_request')
      }
      request.target = canonicalTarget(target)
      request.guarded = {
        method: request.method,
        headers: request.headers,
        origin: `${scheme}://${request.servedHost}`,
        cookie: request.cookies[cookieName],
      }
      done()
    })

    app.addHook('onRequest', function begin({ id, arrival }, _reply, done) {
      during({ requestId: id, clientAddress: arrival.clientAddress }, done)
    })
  },
  { name: 'arrival', fastify: '5.x' },
)

/**
 * What Fastify's router is shown of an address: one of our own pages, or `/` for everything else, which the route table
 * decides. What cannot be read is refused on arrival.
 */
export function routedUrl(url: string, isOurs: (path: string) => boolean): string {
  try {
    const { path } = canonicalTarget(originForm(url).target)
    return isOurs(path) ? path : '/'
  } catch {
    return '/'
  }
}

/** Two of these would be read differently by different servers (RFC 9112 section 3.2, 6.3). Throws `bad_request`. */
export function refuseRepeated(raw: readonly string[]): void {
  if (onceOnly.some((name) => headerValues(raw, name).length > 1)) throw new GatewayError('bad_request')
}
