import { rememberedText } from '../remembered.ts'
import type { McpRules } from '../route.ts'
import { asksToSignIn, type McpRoute, scopesOf } from './resources.ts'

/** Where protected resource metadata is, before the resource's path (RFC 9728 section 3.1). */
export const resourceMetadataPath = '/.well-known/oauth-protected-resource'

/** Where a resource's metadata is, for a client with that query in the address it was given. */
export function resourceMetadataUrl({ resource }: Pick<McpRules, 'resource'>, query: string): string {
  return metadataOf(resource) + keptOf(query)
}

const metadataOf = rememberedText(1_000, (resource) => {
  const { origin, pathname } = new URL(resource)
  return `${origin}${resourceMetadataPath}${pathname === '/' ? '' : pathname}`
})

/** Clients compare the resource in the metadata with their own address (section 3.3): the one query that we know stays. */
function keptOf(query: string): string {
  return asksToSignIn(query) ? '?auth=required' : ''
}

/** The resource whose metadata is at a path below that; at the path itself that of the host's only one. */
export function resourceAt(routes: readonly McpRoute[], below: string): McpRoute | undefined {
  const path = below.replace(/\/$/, '')
  const [only, ...others] = routes
  return routes.find((route) => route.path === path) ?? (path === '' && others.length === 0 ? only : undefined)
}

/** Protected resource metadata (RFC 9728 section 2), as asked for with that query. */
export function resourceMetadata(route: McpRoute, issuer: string, query: string): Readonly<Record<string, unknown>> {
  const scopes = scopesOf(route)
  return {
    resource: route.mcp.resource + keptOf(query),
    authorization_servers: [issuer],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    resource_name: route.title,
  }
}
