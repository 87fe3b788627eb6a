import type { GuardedRoute, McpRules } from '../route.ts'
import { OAuthError } from './oauth-error.ts'

/** A route whose tool is an MCP server: a resource, as OAuth sees it. */
export interface McpRoute extends GuardedRoute {
  readonly mcp: McpRules
}

/** The resources of each issuer: each host is its own, named by its origin. */
export type Resources = ReturnType<typeof createResources>

/** See `Resources`. */
export function createResources(routes: readonly GuardedRoute[]) {
  const byIssuer = Map.groupBy(routes.filter(isMcp), ({ mcp }) => new URL(mcp.resource).origin)
  const of = (issuer: string): readonly McpRoute[] => byIssuer.get(issuer) ?? []

  /** The resource that is asked for (RFC 8707 section 2): the host's only one, when none is. Throws `invalid_target`. */
  function named(asked: string | undefined, issuer: string): McpRoute {
    const all = of(issuer)
    const [only, ...others] = all
    const found =
      asked === undefined ? others.length === 0 && only : all.find(({ mcp }) => isSameResource(asked, mcp.resource))
    if (found) return found
    const choice = all.map(({ mcp }) => mcp.resource).join(', ')
    throw new OAuthError('invalid_target', `resource must be one of: ${choice}`)
  }

  return { of, named }
}

/** Whether a client was given the address with `?auth=required`, with which every request is challenged. */
export function asksToSignIn(query: string): boolean {
  return query !== '' && new URLSearchParams(query).get('auth') === 'required'
}

/**
 * Whether two addresses name one resource: alike, but for what `URL` writes alike, for slashes at the end, and for
 * `?auth=required`.
 */
export function isSameResource(asked: string, own: string): boolean {
  return canonical(asked) === canonical(own)
}

function canonical(address: string): string | undefined {
  const url = URL.parse(address)
  url?.searchParams.delete('auth', 'required')
  return url?.href.replace(/\/+$/, '')
}

/** All that clients may ask for at a resource, whatever its tools need. */
export function scopesOf({ mcp }: McpRoute): readonly string[] {
  return [...new Set([...mcp.scopes, ...[...mcp.toolScopes.values()].flat()])]
}

function isMcp(route: GuardedRoute): route is McpRoute {
  return route.mcp !== undefined
}
