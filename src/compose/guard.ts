import type { Config } from '../config/schema.ts'
import type { createFreshTokens } from '../core/fresh-tokens.ts'
import { createGuard } from '../core/guard.ts'
import { createIdentityKeys } from '../core/identity-keys.ts'
import { auditingChallenges } from '../core/mcp/audited-refusals.ts'
import type { GrantStore } from '../core/mcp/grant-store.ts'
import { createGranted } from '../core/mcp/granted.ts'
import { createOpenExchanges } from '../core/open-exchanges.ts'
import type { Audit, Clock, Invalidations, Keyring, RecordStore } from '../core/ports.ts'
import type { Provider } from '../core/provider.ts'
import type { GuardedRoute } from '../core/route.ts'
import type { SessionLifetimes } from '../core/session.ts'
import { createSignIdentity, withSignedIdentity } from '../core/signed-identity.ts'
import type { UserStore } from '../core/user-store.ts'
import { composeCaches } from './caches.ts'

interface GuardOptions {
  readonly config: Config
  readonly sealedStore: { readonly records: RecordStore; readonly keyring: Keyring; readonly now: Clock }
  readonly invalidations: Invalidations
  readonly routes: readonly GuardedRoute[]
  readonly userStore: UserStore
  readonly grantStore: GrantStore
  readonly fresh: Pick<ReturnType<typeof createFreshTokens>, 'freshTokens' | 'isNewest' | 'staysFreshUntil'>
  readonly providers: ReadonlyMap<string, Provider>
  readonly lifetimes: SessionLifetimes
  readonly audit: Audit
}

/** Who passes, as whom, and what is open in somebody's name. */
export function composeGuard(options: GuardOptions) {
  const { config, sealedStore, invalidations, routes, userStore, grantStore, fresh, providers } = options
  const { lifetimes, audit } = options
  const { now } = sealedStore
  const publicUrl = config.public_url
  const { sessionCache, grantCache } = composeCaches({ invalidations, config, lifetimes, now, userStore, grantStore })
  const admitting = createGuard({
    granted: createGranted({ read: grantCache.read, change: grantStore.change, now, audit }),
    store: { ...userStore, readSession: sessionCache.read },
    idleMs: lifetimes.idleMs,
    ...fresh,
    ...{ providers, publicUrl, now, audit },
  })
  const identityKeys = createIdentityKeys(sealedStore)
  const signIdentity = createSignIdentity({ keys: identityKeys, issuer: publicUrl, now })
  const signsIdentity = routes.some(({ identity }) => identity === 'signed')
  const challenging = auditingChallenges(admitting, audit)
  return {
    guard: signsIdentity ? withSignedIdentity(challenging, signIdentity) : challenging,
    openExchanges: createOpenExchanges(admitting),
    signIdentity,
    publishedKeys: signsIdentity ? identityKeys.published : async () => [],
  }
}
