import { once } from 'node:events'
import { parseArgs } from 'node:util'
import type { Gateway } from '../compose/gateway.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { commandOptions, configFile } from './config-option.ts'
import type { Io } from './run.ts'

const help = `Usage: toolgate serve [--config FILE]

Runs the gateway until it is told to stop (SIGTERM, SIGINT): then it finishes what runs, for at most 30 seconds.

  -c, --config FILE  the config (default: $TOOLGATE_CONFIG, else config/toolgate.yaml)`

const stopMs = 30_000

/** `toolgate serve`. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args, options: commandOptions })
  if (values.help) {
    io.out(help)
    return 0
  }
  const { config, warnings } = await loadConfig(configFile(values.config, process.env), process.env)
  for (const warning of warnings) io.err(formatProblem(warning))
  // Each is loaded only where it is used: a parent of workers needs no gateway of its own.
  const gateway =
    config.workers === 1
      ? await (await import('./start.ts')).start(config)
      : await (await import('./workers.ts')).startWorkers(config)
  io.out(`toolgate serves ${config.public_url}`)
  await stopSignal()
  gateway.drain()
  return stop(gateway)
}

/** Resolves when the process is told to stop. */
export async function stopSignal(): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}

/** Closes within 30 seconds; what still runs then is cut. */
async function stop(gateway: Pick<Gateway, 'close'>): Promise<number> {
  const cut = setTimeout(() => process.exit(1), stopMs)
  await gateway.close()
  clearTimeout(cut)
  return 0
}
