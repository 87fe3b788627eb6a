import { once } from 'node:events'
import { parseArgs } from 'node:util'
import fastify from 'fastify'
import { compose, type Gateway, type Surroundings } from '../compose.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { configFile, configOption } from './config-option.ts'
import { listen } from './listen.ts'
import type { Io } from './run.ts'

const help = `Usage: toolgate serve [--config FILE]

Runs the gateway until it is told to stop (SIGTERM, SIGINT): then it finishes what runs, for at most 30 seconds.

  -c, --config FILE  the config (default: $TOOLGATE_CONFIG, else config/toolgate.yaml)`

const stopMs = 30_000

/** `toolgate serve`. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args, options: { ...configOption, help: { type: 'boolean', default: false } } })
  if (values.help) {
    io.out(help)
    return 0
  }
  const { config, warnings } = await loadConfig(configFile(values.config, process.env), process.env)
  for (const warning of warnings) io.err(formatProblem(warning))
  const gateway = await start(config)
  io.out(`toolgate serves ${config.public_url}`)
  await stopSignal()
  gateway.drain()
  return stop(gateway)
}

/** A gateway that listens on both its ports. Throws CommandError when one cannot be had. */
export async function start(config: Config, surroundings: Omit<Surroundings, 'logger'> = {}): Promise<Gateway> {
  const { log: logger } = fastify({ logger: { level: config.log.level } })
  const gateway = await compose(config, { ...surroundings, logger })
  try {
    await listen(gateway.app, config.listen, 'listen.port')
    await listen(gateway.admin, config.admin, 'admin.port')
  } catch (error) {
    await gateway.close()
    throw error
  }
  return gateway
}

/** Resolves when the process is told to stop. */
export async function stopSignal(): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}

/** Closes within 30 seconds; what still runs then is cut. */
async function stop(gateway: Gateway): Promise<number> {
  const cut = setTimeout(() => process.exit(1), stopMs)
  await gateway.close()
  clearTimeout(cut)
  return 0
}
