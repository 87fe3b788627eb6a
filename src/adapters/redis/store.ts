import type { Store } from '../../core/ports.ts'
import { createAddresses } from './addresses.ts'
import { createRedis, type OnAvailability } from './client.ts'
import { createInvalidations, type InvalidationOptions } from './invalidations.ts'
import { changesChannel, createKeys } from './keys.ts'
import { createLocks } from './locks.ts'
import { createRecords } from './records.ts'
import { createRevocationList } from './revocations.ts'

interface RedisStoreOptions extends Omit<InvalidationOptions, 'channel'> {
  /** What every key starts with. */
  readonly keyPrefix: string
  readonly onChange?: OnAvailability
}

/** A store in Redis, shared by all replicas. Starts to connect and returns at once, whether Redis is there or not. */
export function createRedisStore({ keyPrefix, onChange, ...subscription }: RedisStoreOptions): Store {
  const client = createRedis({ url: subscription.url, ...(onChange && { onChange }) })
  const keys = createKeys(keyPrefix)
  const invalidations = createInvalidations({ ...subscription, channel: changesChannel(keyPrefix) })
  const close = () => {
    invalidations.close()
    return client.close()
  }
  return {
    records: createRecords({ ...client, close }, keys, invalidations),
    revocations: createRevocationList(client, keys),
    locks: createLocks(client, keys),
    addresses: createAddresses(client, keys),
    invalidations,
  }
}
