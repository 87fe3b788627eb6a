/** Names below `/.well-known/` that are ours on every host. */
export const reservedWellKnown = ['/.well-known/openid-configuration', '/.well-known/toolgate'] as const

/** Where the keys of `X-Toolgate-Identity` are. */
export const identityKeysPath = '/.well-known/toolgate/jwks.json'

/** Whether a canonical path is the gateway's own, so that no route covers it: below the base path, or a name of ours. */
export function isReserved(path: string, basePath: string): boolean {
  if (path.startsWith('/.well-known/oauth-')) return true
  return [basePath, ...reservedWellKnown].some((own) => path === own || path.startsWith(`${own}/`))
}
