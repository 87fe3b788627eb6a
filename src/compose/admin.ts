import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { createRedisStore } from '../adapters/redis/store.ts'
import type { Config } from '../config/schema.ts'
import { storeOf } from '../config/store.ts'
import { createProviderStates } from '../core/provider-states.ts'
import { buildAdmin } from '../http/admin.ts'
import { composeProviders } from './providers.ts'

/** The admin application alone, for a process whose workers do the rest: with a connection to the store of its own. */
export function composeAdmin(
  config: Config,
  isServing: () => boolean,
  logger: FastifyBaseLogger,
): { readonly app: FastifyInstance; readonly close: () => Promise<void> } {
  const connection = storeOf(config)
  if (connection === undefined) throw new Error('workers share no memory')
  // That the store is away the workers log.
  const { records } = createRedisStore({ ...connection, keyPrefix: config.store.key_prefix })
  const { providers } = composeProviders(config, Date.now, async () => undefined)
  const { states } = createProviderStates(providers)
  const app = buildAdmin({ pingStore: () => records.ping(), providers: states, isServing }, logger)
  return {
    app,
    async close() {
      await app.close()
      await records.close()
    },
  }
}
