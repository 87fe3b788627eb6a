import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { createRedisStore } from './adapters/redis/store.ts'
import type { Config } from './config/schema.ts'
import { buildAdmin } from './http/admin.ts'

/** The admin application alone, for a process whose workers do the rest: with a connection to the store of its own. */
export function composeAdmin(
  { store }: Config,
  isServing: () => boolean,
  logger: FastifyBaseLogger,
): { readonly app: FastifyInstance; readonly close: () => Promise<void> } {
  // That the store is away the workers log.
  const { records } = createRedisStore({ url: store.url, keyPrefix: store.key_prefix })
  const app = buildAdmin({ pingStore: () => records.ping(), isServing }, logger)
  return {
    app,
    async close() {
      await app.close()
      await records.close()
    },
  }
}
