import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadConfig } from '../config/load.ts'
import { loadLocalCognitoConfig } from '../local-cognito/config.ts'
import { startLocalCognito } from '../local-cognito/start.ts'
import { buildSampleApi } from '../samples/api.ts'
import { buildSampleWeb } from '../samples/web.ts'
import { configOption } from './config-option.ts'
import { listen } from './listen.ts'
import { type Io, UsageError } from './run.ts'
import { start, stopSignal } from './serve.ts'

const help = `Usage: toolgate dev [--config FILE]

Runs everything on this machine: a gateway, sample tools, and a look-alike of a Cognito user pool. Needs no Redis, no AWS.

  -c, --config FILE  the gateway's config (default: config/toolgate.dev.yaml)`

const fileOf = (name: string) => fileURLToPath(new URL(`../../config/${name}`, import.meta.url))

/** `toolgate dev`, which `npm start` runs. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args, options: { ...configOption, help: { type: 'boolean', default: false } } })
  if (values.help) {
    io.out(help)
    return 0
  }
  const { config } = await loadConfig(values.config ?? fileOf('toolgate.dev.yaml'), process.env)
  const pool = await loadLocalCognitoConfig(fileOf('local-cognito.yaml'))
  const [user] = pool.pool.users
  const [client] = pool.pool.clients
  if (user === undefined || client === undefined)
    throw new UsageError('config/local-cognito.yaml has no user or client.')

  const cognito = await startLocalCognito(pool)
  const trust = { issuer: cognito.issuer, clientId: client.id }
  const samples = [buildSampleWeb(trust), buildSampleApi(trust)]
  await Promise.all(samples.map((app, index) => listen(app, { host: '127.0.0.1', port: 9240 + index }, 'sample tool')))
  const gateway = await start(config)

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
  await Promise.all([gateway.close(), cognito.close(), ...samples.map((app) => app.close())])
  return 0
}
