import fastify from 'fastify'
import type { Gateway } from '../compose/gateway.ts'
import { compose, type Surroundings } from '../compose.ts'
import type { Config } from '../config/schema.ts'
import { listen } from './listen.ts'

interface Starting extends Omit<Surroundings, 'logger'> {
  /** Its number among several that share the ports of clients; the admin port is their parent's then. */
  readonly worker?: number
}

/** A gateway that listens. Throws CommandError when one of its ports cannot be had. */
export async function start(config: Config, { worker, ...surroundings }: Starting = {}): Promise<Gateway> {
  const { log } = fastify({ logger: { level: config.log.level } })
  const isWorker = worker !== undefined
  const gateway = await compose(config, { ...surroundings, logger: isWorker ? log.child({ worker }) : log })
  try {
    await listen(gateway.app, { ...config.listen, reusePort: isWorker }, 'listen.port')
    if (gateway.forwardAuth && config.forward_auth) {
      await listen(gateway.forwardAuth, { ...config.forward_auth, reusePort: isWorker }, 'forward_auth.port')
    }
    if (!isWorker) await listen(gateway.admin, config.admin, 'admin.port')
  } catch (error) {
    await gateway.close()
    throw error
  }
  return gateway
}
