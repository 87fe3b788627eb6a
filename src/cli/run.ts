import { ConfigError } from '../config/problem.ts'

/** One command: what it is for, how it is called, and its code, imported only when it runs. */
interface Command {
  readonly summary: string
  readonly load: () => Promise<{ run: (args: string[], io: Io) => Promise<number> }>
}

/** Where a command writes: `out` is its result, `err` is for people. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** A command that cannot do its work as things are; its message is all the user sees, the exit code is 1. */
export class CommandError extends Error {}

/** A command line that cannot be run as written: the user is told of --help, too. */
export class UsageError extends CommandError {}

const commands: Record<string, Command> = {
  serve: { summary: 'Run the gateway', load: () => import('./serve.ts') },
  dev: { summary: 'Run everything on this machine, without Redis and AWS', load: () => import('./dev.ts') },
  check: { summary: 'Check the config, and the provider, Redis and tools it names', load: () => import('./check.ts') },
  init: { summary: 'Write a first config by asking', load: () => import('./init.ts') },
  config: { summary: 'Print the JSON Schema of the config (config schema)', load: () => import('./config.ts') },
  keys: {
    summary: 'Make a new encryption key (keys new), or seal everything with it (keys rotate)',
    load: () => import('./keys.ts'),
  },
  routes: {
    summary: 'Show the routes, or explain one request (routes explain METHOD URL)',
    load: () => import('./routes.ts'),
  },
  users: {
    summary: 'Show what users have, or end it (users show, users sign-out, users disconnect)',
    load: () => import('./users.ts'),
  },
  'local-cognito': { summary: 'Run the local Cognito look-alike', load: () => import('./local-cognito.ts') },
}

const processIo: Io = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
}

/** Runs one command line and gives its exit code. Never throws for what a user can cause. */
export async function run(argv: string[], io: Io = processIo): Promise<number> {
  const [name, ...args] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    io.out(usage())
    return name === undefined ? 1 : 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    io.err(`There is no command "${name}".\n\n${usage()}`)
    return 1
  }
  try {
    const { run: runCommand } = await command.load()
    return await runCommand(args, io)
  } catch (error) {
    if (error instanceof UsageError || isParseArgsError(error)) io.err(`${error.message}\nTry: toolgate ${name} --help`)
    else if (error instanceof CommandError || error instanceof ConfigError) io.err(error.message)
    else throw error
    return 1
  }
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

function usage(): string {
  const width = Math.max(0, ...Object.keys(commands).map((name) => name.length))
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return ['Usage: toolgate COMMAND [options]', '', 'Commands:', ...lines, '', 'Every command takes --help.'].join('\n')
}
