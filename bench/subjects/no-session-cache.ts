import { LRUCache } from 'lru-cache'
import type { createSessionCache as create } from '../../src/core/session-cache.ts'

/**
 * In the place of `createSessionCache`: every session is read when it is asked for, by each request for itself. What has
 * not changed since it was read before is not opened again, as the cache does it, too.
 */
export const createSessionCache: typeof create = <Session extends NonNullable<unknown>>({
  read,
  max,
}: {
  read: (credential: string | undefined, providers: readonly string[], known?: Session) => Promise<Session | undefined>
  max: number
}) => {
  const known = new LRUCache<string, Session>({ max })
  return {
    async read(credential: string | undefined, providers: readonly string[]) {
      if (credential === undefined) return undefined
      const session = await read(credential, providers, known.get(credential))
      if (session === undefined) known.delete(credential)
      else known.set(credential, session)
      return session
    },
    results: { hit: 0, miss: 0, unconfirmed: 0, stale: 0 },
  }
}
