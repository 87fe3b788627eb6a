import type { RevocationList } from '../../core/ports.ts'
import { setAsideMs } from '../../core/token-set.ts'
import { lifetimeMs } from '../lifetimes.ts'
import type { RedisClient } from './client.ts'
import type { Keys } from './keys.ts'
import { pairs } from './pairs.ts'

/** The list of revocations in Redis: a sorted set of users, by the time they are due. */
export function createRevocationList({ ask }: Pick<RedisClient, 'ask'>, keys: Keys): RevocationList {
  const key = keys.revocations()

  return {
    async put(user, ms) {
      // It is there for as long as anything that was set aside.
      const dueAt = await ask((redis) => redis.toolgatePutRevocation(key, user, ms, setAsideMs))
      return { user, dueAt: Number(dueAt) }
    },

    async take(max, ms) {
      const reply = await ask((redis) => redis.toolgateTakeRevocations(key, max, ms))
      return pairs(reply).map(([user, dueAt]) => ({ user, dueAt: Number(dueAt) }))
    },

    async settle({ user, dueAt }, ms) {
      await ask((redis) => redis.toolgateSettleRevocation(key, user, dueAt, ms === undefined ? 0 : lifetimeMs(ms)))
    },
  }
}
