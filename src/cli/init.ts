import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { configSchema } from '../config/editor-schema.ts'
import { configFile, configOption } from './config-option.ts'
import { appClientOf } from './init/app-client.ts'
import { createDraft, type Draft, variablesOf } from './init/draft.ts'
import { ask, complete, given } from './init/gather.ts'
import type { Terminal } from './init/interview.ts'
import type { ProviderKind } from './init/provider-kind.ts'
import { providerKinds } from './init/provider-kinds.ts'
import { type Answers, publicUrl, type Question, routeQuestions } from './init/question.ts'
import { type Io, UsageError } from './run.ts'

const help = `Usage: toolgate init [options]
       toolgate init --yes --domain URL --user-pool-id ID --client-id ID --upstream URL [options]

Writes a first config by asking, says what to enter at the provider, and checks the result.

  -o, --output FILE             where to write (default: $TOOLGATE_CONFIG, else config/toolgate.yaml)
      --force                   write over a file that is there
      --no-check                do not check the result
  -y, --yes                     ask nothing: take the options below and, where one is missing, its default

      --public-url URL          the origin people open (default: http://localhost:8080)
      --provider KIND           ${Object.keys(providerKinds).join(', ')} (default: cognito)
      --domain URL              the user pool domain, or any address of the pool in the console
      --user-pool-id ID         the user pool; --domain may then be left out if the pool can be asked
      --issuer URL              when it is not the one that the user pool ID gives
      --client-id ID            the app client
      --client-secret-env NAME  the variable that holds the client secret; without it, a client without a secret
      --route-name NAME         the first tool (default: by its path, else tool)
      --route-path PATH         where people find it (default: /NAME)
      --upstream URL            where it runs
      --store URL               memory: or redis://HOST:PORT (default: memory:)

Printed instead of writing a config, for who makes the app client with:
      --aws-cli, --cloudformation, --terraform

Exit code: 0 done, 1 nothing was written. What the check finds does not change it.`

const textOption = { type: 'string' } as const
const flag = { type: 'boolean' } as const

const kinds = Object.values(providerKinds)
const questionNames = [publicUrl, ...kinds.flatMap(({ questions }) => questions), ...routeQuestions].map(
  ({ name }) => name,
)
const snippetNames = kinds.flatMap(({ snippets }) => Object.keys(snippets))

/** The options that the tables of questions and snippets make. */
const tabled: object = {
  ...Object.fromEntries(questionNames.map((name) => [name, textOption])),
  ...Object.fromEntries(snippetNames.map((name) => [name, flag])),
}

const parseOptions = {
  ...tabled,
  ...configOption,
  provider: { type: 'string', default: 'cognito' },
  output: { type: 'string', short: 'o' },
  yes: { type: 'boolean', short: 'y', default: false },
  force: { type: 'boolean', default: false },
  check: { type: 'boolean', default: true },
  help: { type: 'boolean', default: false },
} as const

const processTerminal: Terminal = { input: process.stdin, output: process.stdout }

/** `toolgate init`. */
export async function run(args: string[], io: Io, terminal = processTerminal): Promise<number> {
  const { values } = parseArgs({ args, options: parseOptions, allowNegative: true })
  if (values.help) {
    io.out(help)
    return 0
  }
  const kind = kindOf(values.provider)
  const file = configFile(values.output ?? values.config, process.env)
  const snippet = Object.entries(kind.snippets).find(([name]) => name in values)?.[1]
  if (!values.yes && !(terminal.input.isTTY && terminal.output.isTTY))
    throw new UsageError('There is no terminal to ask questions on. Add --yes, and give the answers as options.')
  if (snippet === undefined && !values.force && (await isThere(file)))
    throw new UsageError(`${file} is there already. Add --force to write over it, or name another file with --output.`)

  const draft = createDraft(values.provider, kind, file, process.env)
  const questions = snippet === undefined ? draft.questions : questionsOfAppClient(draft, kind)
  const answered = given(draft.questions, values)
  const answers = values.yes
    ? await complete(draft, questions, answered)
    : await askOn(terminal, draft, questions, answered)
  if (answers === undefined) {
    io.err('Nothing was written.')
    return 1
  }

  const config = await draft.config(answers)
  if (snippet !== undefined) {
    io.out(snippet(appClientOf(config)))
    return 0
  }
  const text = draft.text(answers)
  await write(file, text)
  io.out(`Wrote ${file}.\n\n${kind.entries(appClientOf(config))}`)
  await next(file, text, values.check, io)
  return 0
}

function kindOf(type: string): ProviderKind {
  const kind = Object.hasOwn(providerKinds, type) ? providerKinds[type] : undefined
  if (kind === undefined) throw new UsageError(`--provider must be ${Object.keys(providerKinds).join(' or ')}.`)
  return kind
}

function questionsOfAppClient({ questions }: Draft, { appClientQuestions }: ProviderKind): readonly Question[] {
  return questions.filter(({ name }) => name === publicUrl.name || appClientQuestions.includes(name))
}

/** The answers of a person; `undefined` when they gave up. The prompt library is loaded only here. */
async function askOn(
  terminal: Terminal,
  draft: Draft,
  questions: readonly Question[],
  answered: Answers,
): Promise<Answers | undefined> {
  const { Cancelled, createInterview } = await import('./init/interview.ts')
  try {
    return await ask(draft, questions, answered, createInterview(terminal))
  } catch (error) {
    if (error instanceof Cancelled) return undefined
    throw error
  }
}

/** Writes the config, and beside it the schema that its first line names for editors, unless one is there. */
async function write(file: string, text: string): Promise<void> {
  const schemaFile = join(dirname(file), 'toolgate.schema.json')
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
  if (!(await isThere(schemaFile))) await writeFile(schemaFile, `${JSON.stringify(configSchema, null, 2)}\n`)
}

/** Checks the config if everything it reads is set, and says what comes next. */
async function next(file: string, text: string, isChecked: boolean, io: Io): Promise<void> {
  const missing = variablesOf(text).filter((name) => !process.env[name])
  if (missing.length > 0) {
    io.out(`\nSet where the gateway runs:\n\n${missing.map((name) => `  export ${name}=...`).join('\n')}`)
    if (missing.includes('TOOLGATE_KEY')) io.out('\nA new TOOLGATE_KEY comes from: toolgate keys new')
  } else if (isChecked) {
    io.out('')
    const check = await import('./check.ts')
    await check.run(['--config', file], io)
  }
  io.out(`\nNext:\n\n  toolgate check --config ${file}\n  toolgate serve --config ${file}`)
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
