import type { RequestTarget } from './canonical-path.ts'
import type { Route } from './route.ts'

/** The path and query the upstream of `route` is asked for. */
export function upstreamPath(route: Route, { path, search }: RequestTarget): string {
  if (route.upstream.prefix === undefined) return path + search
  const rest = path.slice(route.path.length)
  return (route.upstream.prefix + rest || '/') + search
}
