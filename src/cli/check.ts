import { parseArgs } from 'node:util'
import { checkOnline } from '../compose/check.ts'
import { type Loaded, loadConfig } from '../config/load.ts'
import { ConfigError, type Problem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import type { Finding } from '../core/finding.ts'
import { report } from './check-report.ts'
import { configFile, reportOptions } from './config-option.ts'
import type { Io } from './run.ts'
import { spinWhile } from './spinner.ts'

const help = `Usage: toolgate check [--config FILE] [--offline] [--json]

Shows every problem of the config at once, each with its place in the file. Then asks providers, Redis and upstreams
what can be asked without a user, and says what to change and where. docs/check.md explains each finding.

  -c, --config FILE  the config (default: $TOOLGATE_CONFIG, else config/toolgate.yaml)
      --offline      ask nobody: look at the config alone
      --json         { "ok", "problems", "warnings", "findings" } for scripts

Exit code: 0 all good, 1 problems, 2 could not tell.`

/** Checks a config file, and what it names. Exit code: 0 all good, 1 problems, 2 could not tell. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      ...reportOptions,
      offline: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    io.out(help)
    return 0
  }

  const file = configFile(values.config, process.env)
  const { config, problems, warnings } = await read(file)
  const findings = config === undefined || values.offline ? [] : await ask(config)
  const exitCode = exitCodeOf(problems, findings)

  if (values.json) io.out(JSON.stringify({ ok: exitCode === 0, problems, warnings, findings }, null, 2))
  else io.out(report(file, problems, warnings, findings))
  return exitCode
}

type Read = { readonly config: Config | undefined; readonly problems: readonly Problem[] } & Pick<Loaded, 'warnings'>

async function read(file: string): Promise<Read> {
  try {
    return { ...(await loadConfig(file, process.env)), problems: [] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { config: undefined, problems: error.problems, warnings: error.warnings }
  }
}

function ask(config: Config): Promise<readonly Finding[]> {
  return spinWhile('Asking providers, store and upstreams', checkOnline(config))
}

function exitCodeOf(problems: readonly Problem[], findings: readonly Finding[]): number {
  const has = (status: Finding['status']) => findings.some((finding) => finding.status === status)
  if (problems.length > 0 || has('problem')) return 1
  return has('unknown') ? 2 : 0
}
