import type { Attempt } from './attempt.ts'
import type { Provider } from './provider.ts'
import type { Revoking } from './revoke.ts'
import type { TokenSet } from './token-set.ts'
import type { UserStore } from './user-store.ts'

/** The scopes of `wanted` that are not in `granted`. */
export function missingScopes(wanted: readonly string[], granted: readonly string[]): readonly string[] {
  return wanted.filter((scope) => !granted.includes(scope))
}

/** All scopes of both, each once. */
export function unionOfScopes(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])]
}

/**
 * Puts a new token set in the place of the stored one, of which there is one per user and provider; the replaced refresh
 * token is revoked where that ends nothing else. When the stored set has scopes that the new one was not even asked
 * for, nothing is stored: then it gives the scopes of both, to ask for.
 */
export type ReplaceTokens = (
  user: string,
  set: TokenSet,
  attempt: Attempt,
) => Promise<{ readonly again: readonly string[] } | undefined>

/** See `ReplaceTokens`. */
export function createReplaceTokens(
  store: UserStore,
  providers: ReadonlyMap<string, Provider>,
  revoking: Revoking,
): ReplaceTokens {
  return async function replaceTokens(user, set, { provider, scopes: asked, narrow }) {
    for (;;) {
      const current = await store.readTokens(user, provider)
      const isKept = !narrow && current?.state === 'live' && current.set.client === set.client
      const lost = isKept ? missingScopes(current.set.scopes, unionOfScopes(set.scopes, asked)) : []
      if (lost.length > 0) return { again: unionOfScopes(asked, current?.set.scopes ?? []) }
      const condition = current === undefined ? { new: true as const } : { version: current.version }
      const setsAside = current !== undefined && providers.get(provider)?.revokesAlone === true
      const write = () => store.writeTokens(user, provider, set, condition, { setsAside })
      const written = await (setsAside ? revoking(user, write) : write())
      if (written !== undefined) return undefined
    }
  }
}
