import type { Config } from '../config/schema.ts'
import type { GrantStore } from '../core/mcp/grant-store.ts'
import type { Clock, Invalidations } from '../core/ports.ts'
import type { SessionLifetimes } from '../core/session.ts'
import { createSessionCache } from '../core/session-cache.ts'
import type { UserStore } from '../core/user-store.ts'

interface CachesOptions {
  readonly invalidations: Invalidations
  readonly config: Config
  readonly lifetimes: SessionLifetimes
  readonly now: Clock
  readonly userStore: UserStore
  readonly grantStore: GrantStore
}

/** About 5 KB each, with tokens of 1 KB. */
const maxCachedSessions = 20_000

/** What each process keeps of sessions and grants, ready to use. */
export function composeCaches({ invalidations, config, lifetimes, now, userStore, grantStore }: CachesOptions) {
  const caching = {
    invalidations,
    now,
    serveCachedForMs: Math.min(config.store.serve_cached_for, lifetimes.idleMs),
    max: maxCachedSessions,
  }
  return {
    sessionCache: createSessionCache({ ...caching, read: userStore.readSession }),
    grantCache: createSessionCache({ ...caching, read: grantStore.read }),
  }
}
