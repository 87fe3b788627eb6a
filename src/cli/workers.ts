import fastify from 'fastify'
import { composeAdmin } from '../compose/admin.ts'
import type { Gateway } from '../compose/gateway.ts'
import type { Config } from '../config/schema.ts'
import { type KeptWorker, keepWorker } from './keep-worker.ts'
import { freeAddress, listen } from './listen.ts'

/**
 * Gateways in processes of their own that share the ports of clients; this process has the admin port, and never
 * touches a request. Throws CommandError when a port cannot be had, or one of them cannot start.
 */
export async function startWorkers(config: Config): Promise<Pick<Gateway, 'drain' | 'close'>> {
  const { log: logger } = fastify({ logger: { level: config.log.level } })
  const workers: KeptWorker[] = []
  let serving = false
  const isServing = () => serving && workers.some((worker) => worker.isServing())
  const admin = composeAdmin(config, isServing, logger)

  async function close(): Promise<void> {
    await Promise.all(workers.map((worker) => worker.stop()))
    await admin.close()
  }

  try {
    const { listen: clients, forward_auth: fronts } = config
    const shared = {
      ...config,
      listen: await freeAddress(clients, 'listen.port'),
      ...(fronts && { forward_auth: await freeAddress(fronts, 'forward_auth.port') }),
    }
    await listen(admin.app, config.admin, 'admin.port')
    for (let number = 1; number <= config.workers; number++)
      workers.push(keepWorker({ number, config: shared }, logger))
    await Promise.all(workers.map(({ started }) => started))
  } catch (error) {
    await close()
    throw error
  }
  serving = true
  return {
    drain: () => {
      serving = false
    },
    close,
  }
}
