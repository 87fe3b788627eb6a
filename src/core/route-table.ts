import { withoutParameters } from './canonical-path.ts'
import { GatewayError } from './errors.ts'
import { isReserved } from './reserved.ts'
import type { GuardedRoute } from './route.ts'

/** All routes, ready to be asked. A value: a reload makes a new one. */
export interface RouteTable {
  readonly routes: readonly GuardedRoute[]
  /** True when the host is ours or some route's. */
  readonly serves: (host: string) => boolean
  /** The route with the longest prefix, or `undefined`. Throws `bad_path` when path parameters would change it. */
  readonly match: (host: string, canonicalPath: string) => GuardedRoute | undefined
}

/** Builds the table. Its cost per request grows with the depth of the routes' paths only, not with what is asked for. */
export function createRouteTable(routes: readonly GuardedRoute[], publicHost: string, basePath: string): RouteTable {
  const hosts = new Map<string, Map<string, GuardedRoute>>([[publicHost, new Map()]])
  for (const route of routes) {
    const paths = hosts.get(route.host) ?? new Map<string, GuardedRoute>()
    paths.set(route.path, route)
    hosts.set(route.host, paths)
  }
  const longest = Math.max(0, ...routes.map(({ path }) => path.length))

  function longestPrefix(paths: ReadonlyMap<string, GuardedRoute>, path: string): GuardedRoute | undefined {
    if (isReserved(path, basePath)) return undefined
    const start = path.length > longest ? path.lastIndexOf('/', longest) : path.length
    for (let end = start; end >= 0; end = end === 0 ? -1 : path.lastIndexOf('/', end - 1)) {
      const route = paths.get(path.slice(0, end))
      if (route !== undefined) return route
    }
    return undefined
  }

  return {
    routes,
    serves: (host) => hosts.has(host),
    match: (host, path) => {
      const paths = hosts.get(host)
      if (paths === undefined) return undefined
      const route = longestPrefix(paths, path)
      const bare = withoutParameters(path)
      if (bare !== path && longestPrefix(paths, bare) !== route) throw new GatewayError('bad_path')
      return route
    },
  }
}
