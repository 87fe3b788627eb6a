/** Names below `/.well-known/` that are ours on every host. */
export const reservedWellKnown = ['/.well-known/openid-configuration', '/.well-known/toolgate'] as const

/** Where the keys of `X-Toolgate-Identity` are. */
export const identityKeysPath = '/.well-known/toolgate/jwks.json'

/** Whether a canonical path is the gateway's own, so that no route covers it: below the base path, or a name of ours. */
export function isReserved(path: string, basePath: string): boolean {
  if (!path.startsWith('/.well-known/')) return isAtOrBelow(path, basePath)
  return path.startsWith('/.well-known/oauth-') || reservedWellKnown.some((own) => isAtOrBelow(path, own))
}

function isAtOrBelow(path: string, own: string): boolean {
  return path.startsWith(own) && (path.length === own.length || path[own.length] === '/')
}

/** Where MCP clients ask that read no metadata, with `mcp.root_aliases`. */
export const rootAliases = ['/authorize', '/token', '/register'] as const
