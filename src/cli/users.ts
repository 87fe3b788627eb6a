import { parseArgs } from 'node:util'
import fastify from 'fastify'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { StoredUser } from '../core/endings.ts'
import { GatewayError } from '../core/errors.ts'
import type { Sought, Users } from '../core/users.ts'
import { configFile, reportOptions } from './config-option.ts'
import { CommandError, type Io, UsageError } from './run.ts'
import { factsOf, report, type UserFacts } from './user-facts.ts'

const help = `Usage: toolgate users show (--email ADDRESS | --sub SUB [--provider NAME]) [--config FILE] [--json]
       toolgate users sign-out (--email ADDRESS | --sub SUB [--provider NAME]) [--config FILE] [--json]
       toolgate users disconnect --provider NAME (--email ADDRESS | --sub SUB) [--config FILE] [--json]

Shows what users have in Redis, or ends it, while gateways run: these refuse it within a second, and revoke the tokens at
the provider.

show        sessions, MCP clients, and connected providers; never tokens
sign-out    ends all sessions, all MCP clients' access, and the tokens of the sign-in; connections stay
disconnect  ends the connection with a provider

      --email ADDRESS  everybody with this verified e-mail address
      --sub SUB        who is called so by the provider: the claim that claims.user names
      --provider NAME  with --sub: of this provider only. For disconnect: which connection
  -c, --config FILE    the config (default: $TOOLGATE_CONFIG, else config/toolgate.yaml)
      --json           the same for scripts

What it ends is written where log.audit says; for stdout that is standard error here.
Exit code: 0 done, 1 nobody found, or the command cannot be run so, 2 Redis is away, or holds what cannot be opened.`

const verbs = ['show', 'sign-out', 'disconnect'] as const
type Verb = (typeof verbs)[number]

/** What to do, to whom. */
interface Order {
  readonly verb: Verb
  readonly sought: Sought
  /** Which connection to end. */
  readonly connection: string
}

/** `toolgate users show`, `sign-out` and `disconnect`. Exit code: 0 done, 1 nobody found, 2 the store is away. */
export async function run(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...reportOptions,
      email: { type: 'string' },
      sub: { type: 'string' },
      provider: { type: 'string' },
    },
  })
  if (values.help) {
    io.out(help)
    return 0
  }
  const verb = verbs.find((name) => name === positionals.join(' '))
  if (verb === undefined) throw new UsageError(`Say what to do: toolgate users ${verbs.join(' | ')}`)
  if ((values.email === undefined) === (values.sub === undefined)) {
    throw new UsageError('Say who: --email ADDRESS or --sub SUB')
  }
  const { config } = await loadConfig(configFile(values.config, process.env), process.env)
  const order = orderOf(verb, values, config)
  const stream = { write: (line: string) => io.err(line.trimEnd()) }
  const { log } = fastify({ logger: { level: config.log.level, stream } })
  const { composeUsers } = await import('../compose/users.ts')
  const users = composeUsers(config, log)
  if (users === undefined) {
    throw new CommandError('store.url is memory: what a gateway keeps is in its own process, where no command sees it.')
  }
  try {
    return await carryOut(order, users, values.json, io)
  } catch (error) {
    if (!(error instanceof GatewayError && error.code === 'store_unavailable')) throw error
    io.err(`Nobody could be looked up. ${error.cause instanceof Error ? error.cause.message : ''}`)
    return 2
  } finally {
    await users.close()
  }
}

interface Options {
  readonly email?: string | undefined
  readonly sub?: string | undefined
  readonly provider?: string | undefined
}

function orderOf(verb: Verb, { email, sub = '', provider }: Options, config: Config): Order {
  const names = Object.keys(config.providers)
  if (provider !== undefined && !names.includes(provider)) {
    throw new UsageError(`There is no provider "${provider}". The config has: ${names.join(', ')}`)
  }
  if (verb === 'disconnect' && provider === undefined) throw new UsageError('Say which connection: --provider NAME')
  if (verb !== 'disconnect' && provider !== undefined && email !== undefined) {
    throw new UsageError('--provider goes with --sub; an address is looked up at all providers')
  }
  const narrowed = verb === 'disconnect' || provider === undefined ? names : [provider]
  return {
    verb,
    sought: email === undefined ? { sub, providers: narrowed } : { email },
    connection: provider ?? '',
  }
}

async function carryOut({ verb, sought, connection }: Order, users: Users, json: boolean, io: Io): Promise<number> {
  const found = await users.find(sought)
  if (found.length === 0) {
    if (json) io.out(JSON.stringify({ users: [] }, null, 2))
    io.err('email' in sought ? `${nobodyWith} Try --sub.` : 'Nobody with this sub has anything stored.')
    return 1
  }
  if (verb === 'disconnect' && found.some(({ provider }) => provider === connection)) {
    throw new UsageError(`${connection} is what they sign in with, no connection. To end that: toolgate users sign-out`)
  }
  const before = (await Promise.all(found.map(users.show))).map(factsOf)
  if (verb === 'show') {
    io.out(json ? JSON.stringify({ users: before }, null, 2) : before.map(report).join('\n\n'))
    return 0
  }
  const end = verb === 'sign-out' ? users.signOut : (user: StoredUser) => users.disconnect(user, connection)
  const hasEnded = await Promise.all(found.map(end))
  const done = before.filter((_, at) => hasEnded[at])
  if (json) io.out(JSON.stringify({ users: done.map(({ user }) => user) }, null, 2))
  else for (const facts of done) io.out(verb === 'sign-out' ? signedOut(facts) : `${facts.user}: disconnected.`)
  if (done.length > 0) return 0
  io.err(`They have no connection with ${connection}.`)
  return 1
}

const nobodyWith = 'Nobody signed in with this address, as a verified one.'

function signedOut({ user, sessions, grants }: UserFacts): string {
  return `${user}: signed out of ${sessions.length} sessions and ${grants.length} MCP clients.`
}
