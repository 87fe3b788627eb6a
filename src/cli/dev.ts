import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadConfig } from '../config/load.ts'
import { LocalCognitoError, loadLocalCognitoConfig } from '../local-cognito/config.ts'
import { startLocalCognito } from '../local-cognito/start.ts'
import { buildSampleApi } from '../samples/api.ts'
import { buildSampleMcp } from '../samples/mcp.ts'
import { buildSampleWeb } from '../samples/web.ts'
import { commandOptions } from './config-option.ts'
import { listen } from './listen.ts'
import { CommandError, type Io } from './run.ts'
import { stopSignal } from './serve.ts'
import { start } from './start.ts'

const help = `Usage: toolgate dev [--config FILE]

Runs everything on this machine: a gateway, sample tools, and a look-alike of a Cognito user pool. Needs no Redis, no AWS.

  -c, --config FILE  the gateway's config (default: config/toolgate.dev.yaml)`

const samples = [
  [buildSampleWeb, 9240],
  [buildSampleApi, 9241],
  [buildSampleMcp, 9242],
] as const

const fileOf = (name: string) => fileURLToPath(new URL(`../../config/${name}`, import.meta.url))

/** `toolgate dev`, which `npm start` runs. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args, options: commandOptions })
  if (values.help) {
    io.out(help)
    return 0
  }
  const { config } = await loadConfig(values.config ?? fileOf('toolgate.dev.yaml'), process.env)
  const running: { readonly close: () => Promise<unknown> }[] = []
  try {
    const pool = await loadLocalCognitoConfig(fileOf('local-cognito.yaml'))
    const [user] = pool.pool.users
    const [client] = pool.pool.clients
    if (user === undefined || client === undefined)
      throw new CommandError('config/local-cognito.yaml has no user or client.')

    const cognito = await startLocalCognito(pool)
    running.push(cognito)
    const trust = { issuer: cognito.issuer, clientId: client.id }
    for (const [build, port] of samples) {
      const sample = build(trust)
      running.push(sample)
      await listen(sample, { host: '127.0.0.1', port }, 'The address of a sample tool')
    }
    running.push(await start(config, { isDev: true }))

    io.out(
      [
        '',
        `  Open      ${config.public_url}`,
        `  Sign in   ${user.username} / ${user.password}`,
        '',
        '  Ctrl+C stops everything.',
        '',
      ].join('\n'),
    )
    await stopSignal()
    return 0
  } catch (error) {
    throw error instanceof LocalCognitoError ? new CommandError(error.message, { cause: error }) : error
  } finally {
    await Promise.all(running.map((part) => part.close()))
  }
}
