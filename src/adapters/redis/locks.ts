import { randomUUID } from 'node:crypto'
import type { Lock, Locks } from '../../core/ports.ts'
import { lifetimeMs } from '../lifetimes.ts'
import type { RedisClient } from './client.ts'
import type { Keys } from './keys.ts'

/** Locks in Redis: a key with a random owner, which only that owner renews or removes. */
export function createLocks({ ask }: RedisClient, keys: Keys): Locks {
  return {
    async acquire(user, name, ttlMs) {
      const key = keys.lock(user, name)
      const owner = randomUUID()
      const lock: Lock = {
        async renew() {
          return (await ask((redis) => redis.toolgateRenew(key, owner, lifetimeMs(ttlMs)))) === 1
        },
        async release() {
          await ask((redis) => redis.toolgateRelease(key, owner)).catch(() => {})
        },
      }

      try {
        const taken = await ask((redis) => redis.set(key, owner, 'PX', lifetimeMs(ttlMs), 'NX'))
        return taken === null ? undefined : lock
      } catch (error) {
        // It may be ours without our knowing; nobody should have to wait until it lapses.
        void lock.release()
        throw error
      }
    },
  }
}
