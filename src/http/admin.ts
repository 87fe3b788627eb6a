import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { ProviderStates } from '../core/provider-states.ts'

/** What the admin listener reports. */
export interface AdminServices {
  /** Throws when the store does not answer. */
  readonly pingStore: () => Promise<void>
  /** Shown, and no reason not to be ready: who has a good token is served without them. */
  readonly providers: ProviderStates
  /** False once the process was told to stop. */
  readonly isServing: () => boolean
}

/** The admin application: is the process alive, may it be sent requests? Never on the public port. */
export function buildAdmin(
  { pingStore, providers, isServing }: AdminServices,
  logger: FastifyBaseLogger,
): FastifyInstance {
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
  }) as FastifyInstance

  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const store = await pingStore().then(
      () => 'ok',
      () => 'unavailable',
    )
    const ready = store === 'ok' && isServing()
    const status = ready ? 'ok' : 'not ready'
    return reply.code(ready ? 200 : 503).send({ status, store, serving: isServing(), providers: await providers() })
  })

  return app
}
