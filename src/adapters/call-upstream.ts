import type { Dispatcher } from 'undici'
import type { Route } from '../core/route.ts'
import type { Headers } from '../core/upstream-headers.ts'
import { upstreamPath } from '../core/upstream-path.ts'

/** Asks the upstream of a route for the route's own path, once, and gives the status of the answer; the body is not read. */
export async function callUpstream(dispatcher: Dispatcher, route: Route, headers: Headers): Promise<number> {
  const path = upstreamPath(route, { path: route.path || '/', search: '' })
  const { statusCode, body } = await dispatcher.request({ method: 'GET', path, headers, origin: route.upstream.origin })
  // A body that is cut off says so, to anyone or to the process.
  body.on('error', () => undefined).destroy()
  return statusCode
}
