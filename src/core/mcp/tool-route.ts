import type { GuardedRoute } from '../route.ts'
import type { McpDemand } from './message.ts'

/**
 * The route as a call of one of its tools is guarded: a tool with a provider of its own takes that one's token, which
 * has none of the scopes that the route's must have. What the grant must hold stays the same.
 */
export function toolRoute<R extends GuardedRoute>(route: R, { tool }: Pick<McpDemand, 'tool'>): R {
  const provider = tool === undefined ? undefined : route.mcp?.toolProviders.get(tool)
  if (provider === undefined || provider === route.provider) return route
  return { ...route, provider, scopes: [] }
}
