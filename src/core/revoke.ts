import type { RevocationList, UserHash } from './ports.ts'
import type { Provider } from './provider.ts'
import type { Revocations } from './revocations.ts'
import type { SetAside } from './set-aside.ts'
import type { TokenSet } from './token-set.ts'

/**
 * Does what sets token sets of a user aside, and has them revoked afterwards; nobody waits for that. The user is on the
 * list before, so that what is set aside is found wherever this process stops. Throws `store_unavailable`, and what
 * `act` throws.
 */
export type Revoking = <T>(user: UserHash, act: () => Promise<T>) => Promise<T>

/** How long the process that sets something aside has to revoke it before others do. Milliseconds. */
const ownTurnMs = 15_000

/** See `Revoking`. Without `start`, as in a command, it is left to the gateways. */
export function createRevoking(list: RevocationList, start?: Revocations['start']): Revoking {
  return async function revoking(user, act) {
    const entry = await list.put(user, ownTurnMs)
    const done = await act()
    start?.(entry)
    return done
  }
}

/** Has a token set that is not stored revoked at the provider that gave it. Never throws, and nobody waits for it. */
export type Revoke = (user: UserHash, providerName: string, set: TokenSet) => void

/** See `Revoke`. For a set whose record ended meanwhile. */
export function createRevoke(setAside: SetAside, providers: ReadonlyMap<string, Provider>, revoking: Revoking): Revoke {
  return (user, providerName, set) => {
    const { refreshToken, client } = set
    if (refreshToken === undefined) return
    revoking(user, () => setAside.add(user, providerName, set)).catch(() => {
      // The store is away: then this is the one try there is.
      const provider = providers.get(providerName)
      if (provider?.client === client) provider.revoke(refreshToken).catch(() => undefined)
    })
  }
}

/** See `Revoke`. For a set that nobody uses while another of the same user may live on: that one must stay good. */
export function createDiscard(providers: ReadonlyMap<string, Provider>, revoke: Revoke): Revoke {
  return (user, providerName, set) => {
    if (providers.get(providerName)?.revokesAlone) revoke(user, providerName, set)
  }
}
