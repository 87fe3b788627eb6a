import type { Store } from '../../core/ports.ts'
import type { StoreConnection } from '../../core/store-address.ts'
import { createAddresses } from './addresses.ts'
import { createRedis, type OnAvailability } from './client.ts'
import { createInvalidations, type InvalidationOptions } from './invalidations.ts'
import { changesChannel, createKeys } from './keys.ts'
import { createLocks } from './locks.ts'
import { createRecords } from './records.ts'
import { createReplicaWait, type OnReplicated } from './replica-wait.ts'
import { createRevocationList } from './revocations.ts'

interface RedisStoreOptions extends StoreConnection, Omit<InvalidationOptions, 'channel'> {
  /** What every key starts with. */
  readonly keyPrefix: string
  /** Whether what must not be lost waits for a replica. */
  readonly waitForReplica?: boolean
  readonly onChange?: OnAvailability
  readonly onReplicated?: OnReplicated
}

/** A store in Redis, shared by all replicas. Starts to connect and returns at once, whether Redis is there or not. */
export function createRedisStore(options: RedisStoreOptions): Store {
  const { keyPrefix, waitForReplica, onChange, onReplicated } = options
  const client = createRedis(options, onChange)
  const keys = createKeys(keyPrefix)
  const invalidations = createInvalidations(client, { ...options, channel: changesChannel(keyPrefix) })
  const replicated = waitForReplica ? createReplicaWait({ onReplicated }) : undefined
  const close = () => {
    invalidations.close()
    return client.close()
  }
  return {
    records: createRecords({ client, keys, invalidations, replicated, close }),
    revocations: createRevocationList(client, keys),
    locks: createLocks(client, keys),
    addresses: createAddresses(client, keys),
    invalidations,
  }
}
