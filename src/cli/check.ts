import { parseArgs } from 'node:util'
import { loadConfig } from '../config/load.ts'
import { ConfigError, formatProblem, type Problem } from '../config/problem.ts'
import { configFile, configOption } from './config-option.ts'
import type { Io } from './run.ts'

const help = `Usage: toolgate check [--config FILE] [--offline] [--json]

Shows every problem of the config at once, each with its place in the file.

  -c, --config FILE  the config (default: $TOOLGATE_CONFIG, else config/toolgate.yaml)
      --offline      ask nobody: look at the config alone
      --json         { "ok", "problems", "warnings" } for scripts

Exit code: 0 all good, 1 problems, 2 could not tell.`

const notProbed =
  'The config is fine as far as it can be read. Asking the provider, Redis and the upstreams is not in this release; ' +
  'add --offline to check the config alone.'

/** Checks a config file. Exit code: 0 all good, 1 problems, 2 could not tell. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      ...configOption,
      offline: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    io.out(help)
    return 0
  }

  const file = configFile(values.config, process.env)
  const { problems, warnings } = await findings(file)
  const exitCode = problems.length > 0 ? 1 : values.offline ? 0 : 2

  if (values.json) io.out(JSON.stringify({ ok: exitCode === 0, problems, warnings }, null, 2))
  else report(file, problems, warnings, io)
  if (exitCode === 2) io.err(notProbed)
  return exitCode
}

async function findings(file: string): Promise<{ problems: readonly Problem[]; warnings: readonly Problem[] }> {
  try {
    const { warnings } = await loadConfig(file, process.env)
    return { problems: [], warnings }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error
  }
}

function report(file: string, problems: readonly Problem[], warnings: readonly Problem[], io: Io): void {
  for (const warning of warnings) io.out(`${formatProblem(warning)} (warning)`)
  for (const problem of problems) io.out(formatProblem(problem))
  if (problems.length === 0) io.out(`${file}: no problems`)
}
