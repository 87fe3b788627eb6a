import type { Provider } from './provider.ts'
import type { TokenSet } from './token-set.ts'

/** Revokes a token set's refresh token at the provider that gave it. Never waits and never throws: nobody waits for it. */
export type Revoke = (providerName: string, set: TokenSet) => void

/** See `Revoke`. For token sets that ended. */
export function createRevoke(providers: ReadonlyMap<string, Provider>): Revoke {
  return (providerName, { refreshToken, client }) => {
    const provider = providers.get(providerName)
    if (provider === undefined || refreshToken === undefined || provider.client !== client) return
    provider.revoke(refreshToken).catch(() => undefined)
  }
}

/** See `Revoke`. For token sets that nobody uses while another of the same user may live on: that one must stay good. */
export function createDiscard(providers: ReadonlyMap<string, Provider>, revoke: Revoke): Revoke {
  return (providerName, set) => {
    if (providers.get(providerName)?.revokesAlone) revoke(providerName, set)
  }
}
