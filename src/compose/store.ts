import type { FastifyBaseLogger } from 'fastify'
import { createMemoryStore } from '../adapters/memory-store.ts'
import type { Config } from '../config/schema.ts'
import { storeOf } from '../config/store.ts'
import type { Clock, Store } from '../core/ports.ts'

/** The store of the config. Redis is loaded only where it is used, and connected to in the background. */
export async function composeStore(config: Config, now: Clock, logger: FastifyBaseLogger): Promise<Store> {
  const connection = storeOf(config)
  if (connection === undefined) return createMemoryStore({ now })
  const { createRedisStore } = await import('../adapters/redis/store.ts')
  return createRedisStore({
    ...connection,
    keyPrefix: config.store.key_prefix,
    waitForReplica: config.store.wait_for_replica,
    onChange: (up, detail) => (up ? logger.info('store answers') : logger.error({ detail }, 'store is away')),
    onHearing: (isHearing, detail) =>
      isHearing
        ? logger.info('changes by other replicas are heard')
        : logger.warn({ detail }, 'changes by other replicas are not heard: each session is read before it is used'),
    onReplicated: (isReplicated, detail) =>
      isReplicated
        ? logger.info('a replica of the store confirms what is written')
        : logger.warn({ detail }, 'no replica of the store confirms what is written: it is not waited for'),
  })
}
