import type { FieldLines } from '../core/field-lines.ts'
import type { Route } from '../core/route.ts'
import type { UpstreamClient } from '../core/upstream-client.ts'
import { upstreamPath } from '../core/upstream-path.ts'

/** Asks the upstream of a route for the route's own path, once, and gives the status of the answer; the body is not read. */
export function callUpstream(send: UpstreamClient, route: Route, headers: FieldLines): Promise<number> {
  const path = upstreamPath(route, { path: route.path || '/', search: '' })
  return new Promise((resolve, reject) => {
    const request = { method: 'GET', path, headers, body: undefined, upgrade: false }
    const exchange = send(request, {
      informed: () => undefined,
      began(status) {
        exchange.abort()
        resolve(status)
      },
      received: () => undefined,
      waiting: () => true,
      ended: () => undefined,
      switched: () => undefined,
      failed: reject,
    })
  })
}
