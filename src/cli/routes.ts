import { METHODS } from 'node:http'
import { parseArgs } from 'node:util'
import { loadConfig } from '../config/load.ts'
import { routesOf } from '../config/routes.ts'
import { configFile, reportOptions } from './config-option.ts'
import { type Explanation, explainRequest } from './explain-request.ts'
import { factsOf, type RouteFacts } from './route-facts.ts'
import { type Io, UsageError } from './run.ts'

const help = `Usage: toolgate routes [--config FILE] [--json]
       toolgate routes explain METHOD URL [--config FILE] [--json]

Shows the routes as they are served, or what becomes of one request. Nothing is sent. URL may be a path alone.

  -c, --config FILE  the config (default: $TOOLGATE_CONFIG, else config/toolgate.yaml)
      --json         the same for scripts`

/** `toolgate routes` and `toolgate routes explain`. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: reportOptions,
  })
  if (values.help) {
    io.out(help)
    return 0
  }
  const request = requestedBy(positionals)
  const { config } = await loadConfig(configFile(values.config, process.env), process.env)
  const routes = routesOf(config)

  if (request === undefined) {
    const facts = routes.map(factsOf)
    io.out(values.json ? JSON.stringify(facts, null, 2) : table(facts))
    return 0
  }
  const gateway = { routes, publicUrl: config.public_url, basePath: config.base_path }
  const explanation = explainRequest(gateway, request.method, request.url)
  io.out(values.json ? JSON.stringify(explanation, null, 2) : list(explanation))
  return 0
}

function requestedBy(positionals: readonly string[]): { readonly method: string; readonly url: string } | undefined {
  if (positionals.length === 0) return undefined
  const [verb, method = '', url, ...more] = positionals
  if (verb !== 'explain' || url === undefined || more.length > 0) {
    throw new UsageError('Say what to explain: toolgate routes explain METHOD URL')
  }
  if (!METHODS.includes(method.toUpperCase())) throw new UsageError(`"${method}" is no HTTP method.`)
  return { method: method.toUpperCase(), url }
}

const columns = ['name', 'host', 'path', 'access', 'who_may_pass', 'token_of', 'inject', 'upstream'] as const

function table(routes: readonly RouteFacts[]): string {
  if (routes.length === 0) return 'There are no routes.'
  const rows = [
    columns.map((column) => words(column).toUpperCase()),
    ...routes.map((route) => columns.map((c) => route[c])),
  ]
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** One fact a line; the lines of a fact that is a list stand below each other. */
function list(explanation: Explanation): string {
  const facts = Object.entries(explanation)
  const width = Math.max(...facts.map(([key]) => key.length)) + 2
  const lines = facts.flatMap(([key, value]) => {
    const values = [value].flat()
    return (values.length === 0 ? ['none'] : values).map(
      (text, index) => (index === 0 ? words(key) : '').padEnd(width) + text,
    )
  })
  return lines.join('\n')
}

function words(key: string): string {
  return key.replaceAll('_', ' ')
}
