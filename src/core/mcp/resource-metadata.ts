import type { McpRules } from '../route.ts'
import { type McpRoute, scopesOf } from './resources.ts'

/** Where protected resource metadata is, before the resource's path (RFC 9728 section 3.1). */
export const resourceMetadataPath = '/.well-known/oauth-protected-resource'

/** Where a resource's metadata is. */
export function resourceMetadataUrl({ resource }: Pick<McpRules, 'resource'>): string {
  const { origin, pathname } = new URL(resource)
  return `${origin}${resourceMetadataPath}${pathname === '/' ? '' : pathname}`
}

/** The resource whose metadata is at a path below that; at the path itself that of the host's only one. */
export function resourceAt(routes: readonly McpRoute[], below: string): McpRoute | undefined {
  const path = below.replace(/\/$/, '')
  const [only, ...others] = routes
  return routes.find((route) => route.path === path) ?? (path === '' && others.length === 0 ? only : undefined)
}

/** Protected resource metadata (RFC 9728 section 2). */
export function resourceMetadata(route: McpRoute, issuer: string): Readonly<Record<string, unknown>> {
  const scopes = scopesOf(route)
  return {
    resource: route.mcp.resource,
    authorization_servers: [issuer],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    resource_name: route.title,
  }
}
