import { type Dispatcher, Pool } from 'undici'
import type { Route, UpstreamTls } from '../core/route.ts'

/** Connections to upstreams. */
export interface UpstreamPools {
  readonly dispatcherOf: (route: Route) => Dispatcher
  readonly close: () => Promise<void>
}

/** One pool per route. Certificates are verified unless the route says otherwise; redirects are not followed. */
export function createUpstreamPools(routes: readonly Route[]): UpstreamPools {
  const pools = new Map(routes.map((route) => [route.name, createPool(route)]))
  return {
    dispatcherOf({ name }) {
      const pool = pools.get(name)
      if (pool === undefined) throw new Error(`no pool for route ${name}`)
      return pool
    },
    close: async () => void (await Promise.all([...pools.values()].map((pool) => pool.close()))),
  }
}

function createPool({ upstream, timeouts }: Route): Pool {
  return new Pool(upstream.origin, {
    // Streams are pulled by the client; a tool may take as long as it likes between two pieces, up to the idle timeout.
    bodyTimeout: timeouts.idleMs,
    headersTimeout: timeouts.responseMs,
    connect: { timeout: timeouts.connectMs, ...tlsOptions(upstream.tls) },
  })
}

/** A route's TLS settings in Node's words. The certificate is verified unless it says otherwise. */
export function tlsOptions(tls: UpstreamTls | undefined) {
  return {
    rejectUnauthorized: tls?.insecure !== true,
    ...(tls?.ca && { ca: tls.ca }),
    ...(tls?.clientCert && { cert: tls.clientCert }),
    ...(tls?.clientKey && { key: tls.clientKey }),
    ...(tls?.serverName && { servername: tls.serverName }),
  }
}
