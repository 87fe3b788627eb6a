import type { Provider } from './provider.ts'
import type { TokenSet } from './token-set.ts'

/** Revokes a token set's refresh token at the provider that gave it. Never waits and never throws: nobody waits for it. */
export type Revoke = (providerName: string, set: TokenSet) => void

/** See `Revoke`. */
export function createRevoke(providers: ReadonlyMap<string, Provider>): Revoke {
  return (providerName, { refreshToken, client }) => {
    const provider = providers.get(providerName)
    if (provider === undefined || refreshToken === undefined || provider.client !== client) return
    provider.revoke(refreshToken).catch(() => undefined)
  }
}
