import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { LocalCognitoError, loadLocalCognitoConfig } from '../local-cognito/config.ts'
import { startLocalCognito } from '../local-cognito/start.ts'
import type { Io } from './run.ts'

const help = `Usage: toolgate local-cognito [--config FILE]

Runs a local look-alike of an Amazon Cognito user pool, for developers without AWS.

  -c, --config FILE  its YAML file (default: config/local-cognito.yaml)
      --help         this text

docs/local-cognito.md describes the file, the switches and what is copied.`

/** `toolgate local-cognito`: runs until it is interrupted. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string', short: 'c', default: 'config/local-cognito.yaml' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    io.out(help)
    return 0
  }
  try {
    const config = await loadLocalCognitoConfig(values.config)
    const running = await startLocalCognito(config, {
      onRefusal: ({ method, path, status, client_id, rule }) =>
        io.err(`${method} ${path} ${status} refused by ${rule}${client_id === null ? '' : `, client ${client_id}`}`),
    })
    io.out(
      [
        'Local Cognito is running. Ctrl+C stops it.',
        `  domain   ${running.domain}`,
        `  issuer   ${running.issuer}`,
        `  control  ${running.control}`,
        `  clients  ${config.pool.clients.map(({ id }) => id).join(', ')}`,
        `  users    ${config.pool.users.map(({ username }) => username).join(', ')}`,
      ].join('\n'),
    )
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    await running.close()
    return 0
  } catch (error) {
    if (!(error instanceof LocalCognitoError)) throw error
    io.err(error.message)
    return 1
  }
}
