import { configFile } from './config-option.ts'
import { appClientOf } from './init/app-client.ts'
import { createDraft, type Draft, variablesOf } from './init/draft.ts'
import { ask, complete, given } from './init/gather.ts'
import { Cancelled, type Interview, type Terminal } from './init/interview.ts'
import { help, type Options, parseOptions, refuseOptionsOfOthers } from './init/options.ts'
import type { ProviderKind } from './init/provider-kind.ts'
import { kindOf, providerKinds } from './init/provider-kinds.ts'
import { publicUrl, type Question } from './init/question.ts'
import { isThere, writeConfig } from './init/write.ts'
import { type Io, UsageError } from './run.ts'

const processTerminal: Terminal = { input: process.stdin, output: process.stdout }

/** `toolgate init`. */
export async function run(args: string[], io: Io, terminal = processTerminal): Promise<number> {
  const options = parseOptions(args)
  if (options.help) {
    io.out(help)
    return 0
  }
  try {
    await init(options, io, options.yes ? undefined : await interviewOn(terminal))
    return 0
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
    io.err(error.message)
    return 1
  }
}

/** The prompt library is loaded only here. */
async function interviewOn(terminal: Terminal): Promise<Interview> {
  if (!terminal.input.isTTY || !terminal.output.isTTY)
    throw new UsageError('There is no terminal to ask questions on. Add --yes, and give the answers as options.')
  const { createInterview } = await import('./init/clack-interview.ts')
  return createInterview(terminal)
}

/** Without an interview, options and defaults are all there is. */
async function init(options: Options, io: Io, interview: Interview | undefined): Promise<void> {
  const file = configFile(options.output ?? options.config, process.env)
  if (options.snippet === undefined && !options.force && (await isThere(file)))
    throw new UsageError(`${file} is there already. Add --force to write over it, or name another file with --output.`)

  const type = await typeOf(options, interview)
  const kind = kindOf(type)
  refuseOptionsOfOthers(options, type, kind)
  const draft = createDraft(type, kind, file, process.env)
  const snippet = options.snippet === undefined ? undefined : kind.snippets[options.snippet]
  const questions = snippet === undefined ? draft.questions : questionsOfClient(draft, kind)
  const answered = given(draft.questions, options)
  const answers = await (interview === undefined
    ? complete(draft, questions, answered)
    : ask(draft, questions, answered, interview))

  const client = appClientOf(await draft.config(answers))
  if (snippet !== undefined) return io.out(snippet(client))
  const text = draft.text(answers)
  await writeConfig(file, text)
  io.out(`Wrote ${file}.\n\n${kind.entries(client)}`)
  await goOn(file, text, options.check, io)
}

/** The type of provider: as given, the only one that can be printed that way, or chosen; else the usual one. */
async function typeOf({ provider, snippet }: Options, interview: Interview | undefined): Promise<string> {
  const kinds = Object.entries(providerKinds)
  const [usual = '', ...others] = kinds.flatMap(([type, { snippets }]) =>
    snippet === undefined || snippet in snippets ? [type] : [],
  )
  if (provider !== undefined) return provider
  if (interview === undefined || others.length === 0) return usual
  return interview.choose(
    'Who signs people in?',
    kinds.map(([value, { title }]) => ({ value, label: title })),
  )
}

function questionsOfClient({ questions }: Draft, { appClientQuestions }: ProviderKind): readonly Question[] {
  return questions.filter(({ name }) => name === publicUrl.name || appClientQuestions.includes(name))
}

/** Checks the config if everything it reads is set, and says what comes next. */
async function goOn(file: string, text: string, isChecked: boolean, io: Io): Promise<void> {
  const missing = variablesOf(text).filter((name) => !process.env[name])
  if (missing.length > 0) {
    io.out(`\nSet where the gateway runs:\n\n${missing.map((name) => `  export ${name}=...`).join('\n')}`)
    if (missing.includes('TOOLGATE_KEY')) io.out('\nA new TOOLGATE_KEY comes from: toolgate keys new')
  }
  if (missing.length === 0 && isChecked) {
    io.out('')
    const check = await import('./check.ts')
    await check.run(['--config', file], io)
  }
  io.out(`\nNext:\n\n  toolgate check --config ${file}\n  toolgate serve --config ${file}`)
}
