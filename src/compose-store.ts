import type { FastifyBaseLogger } from 'fastify'
import { createMemoryStore } from './adapters/memory-store.ts'
import type { Config } from './config/schema.ts'
import type { Clock, Store } from './core/ports.ts'

/** The store of the config. Redis is loaded only where it is used, and connected to in the background. */
export async function composeStore({ store }: Config, now: Clock, logger: FastifyBaseLogger): Promise<Store> {
  if (store.url === 'memory:') return createMemoryStore({ now })
  const { createRedisStore } = await import('./adapters/redis/store.ts')
  return createRedisStore({
    url: store.url,
    keyPrefix: store.key_prefix,
    onChange: (up, detail) => (up ? logger.info('store answers') : logger.error({ detail }, 'store is away')),
    onHearing: (isHearing, detail) =>
      isHearing
        ? logger.info('changes by other replicas are heard')
        : logger.warn({ detail }, 'changes by other replicas are not heard: each session is read before it is used'),
  })
}
