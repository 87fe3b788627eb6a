import type { Addresses } from '../../core/ports.ts'
import { lifetimeMs } from '../lifetimes.ts'
import type { RedisClient } from './client.ts'
import type { Keys } from './keys.ts'

/** Whoever may claim any address at some provider must not fill the store with it. */
const maxUsers = 100

/** Which users e-mail addresses lead to: a sorted set for each, in no user's slot, since it may lead to several. */
export function createAddresses({ ask }: RedisClient, keys: Keys): Addresses {
  return {
    async add(digest, user, ttlMs) {
      await ask((redis) => redis.toolgateAddAddress(keys.address(digest), user, lifetimeMs(ttlMs), maxUsers))
    },

    // An entry whose time is over leads to records that are gone: it is found out there.
    find: (digest) => ask((redis) => redis.zrange(keys.address(digest), '0', '-1')),
  }
}
