import type { Store } from '../../core/ports.ts'
import { createRedis, type OnAvailability } from './client.ts'
import { createKeys } from './keys.ts'
import { createLocks } from './locks.ts'
import { createRecords } from './records.ts'

interface RedisStoreOptions {
  readonly url: string
  /** What every key starts with. */
  readonly keyPrefix: string
  readonly onChange?: OnAvailability
}

/** A store in Redis, shared by all replicas. Starts to connect and returns at once, whether Redis is there or not. */
export function createRedisStore({ keyPrefix, ...connection }: RedisStoreOptions): Store {
  const client = createRedis(connection)
  const keys = createKeys(keyPrefix)
  return { records: createRecords(client, keys), locks: createLocks(client, keys) }
}
