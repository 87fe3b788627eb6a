import type { Route } from '../core/route.ts'
import type { UpstreamClient } from '../core/upstream-client.ts'
import { createUpstreamClient } from './upstream-client/client.ts'

/** The clients of all upstreams. */
export interface UpstreamClients {
  readonly clientOf: (route: Route) => UpstreamClient
  readonly close: () => void
}

/** One client per route. Redirects are not followed. */
export function createUpstreamClients(routes: readonly Route[]): UpstreamClients {
  const clients = new Map(routes.map((route) => [route.name, createUpstreamClient(route)]))
  return {
    clientOf({ name }) {
      const client = clients.get(name)
      if (client === undefined) throw new Error(`no client for route ${name}`)
      return client.send
    },
    close() {
      for (const client of clients.values()) client.close()
    },
  }
}
