import { firstConfig, type Setting } from '../../config/first-config.ts'
import { parseConfig } from '../../config/load.ts'
import { ConfigError, type Problem } from '../../config/problem.ts'
import type { Config } from '../../config/schema.ts'
import type { ProviderKind } from './provider-kind.ts'
import { type Answers, isNeeded, publicUrl, type Question, routeQuestions } from './question.ts'

/** A config in the making: one provider, one route. */
export interface Draft {
  readonly questions: readonly Question[]
  /** The text of the config. Needed answers that are missing are stood in for by examples. */
  readonly text: (answers: Answers) => string
  /** What is wrong with an answer, by the rules of its key in the config. */
  readonly complaint: (question: Question, answers: Answers) => Promise<string | undefined>
  /** The config as the gateway would read it. Throws ConfigError. */
  readonly config: (answers: Answers) => Promise<Config>
}

/** `file` is where the config will be: relative paths in it start at its folder. */
export function createDraft(type: string, kind: ProviderKind, file: string, env: NodeJS.ProcessEnv): Draft {
  const providerPath = (question: Question) => ({ ...question, path: `providers.${type}.${question.path}` })
  const questions = [publicUrl, ...kind.questions.map(providerPath), ...routeQuestions]

  function text(answers: Answers): string {
    const answerTo = ({ name, example }: Question) => answers[name] ?? example
    const answerAt = (path: string) => questions.filter((question) => question.path === path).map(answerTo)[0] ?? ''
    const settings = kind.questions.filter((question) => question.name in answers || isNeeded(question, answers))
    return firstConfig({
      publicUrl: answerTo(publicUrl),
      storeUrl: answerAt('store.url'),
      provider: { name: type, type, settings: settings.map((question) => setting(question, answerTo(question))) },
      route: {
        name: answerAt('routes[0].name'),
        path: answerAt('routes[0].path'),
        upstream: answerAt('routes[0].upstream'),
      },
    })
  }

  async function load(answers: Answers): Promise<Config> {
    const { config } = await parseConfig(text(answers), file, { ...standIns(kind, answers), ...withoutEmpty(env) })
    return config
  }

  return {
    questions,
    text,
    config: load,
    async complaint({ name, path, rule }, answers) {
      if (rule !== undefined && !rule[0](answers[name] ?? '')) return rule[1]
      const problems = await load(answers).then(() => [], problemsOf)
      return problems.find((problem) => problem.path === path)?.message
    },
  }
}

function setting({ path: key, write = (answer) => answer, comment = '' }: Question, answer: string): Setting {
  return { key, value: write(answer), comment }
}

/** The variables a config reads that have no default. */
export function variablesOf(text: string): readonly string[] {
  const values = text.replaceAll(/(^| )#.*$/gm, '')
  return [...new Set([...values.matchAll(/(?<!\$)\$\{(\w+)\}/g)].map(([, name = '']) => name))]
}

/** Secrets need not be set yet while a config is written. */
function standIns({ questions }: ProviderKind, answers: Answers): NodeJS.ProcessEnv {
  const { store = '' } = answers
  const secrets = questions.flatMap(({ name, write }) => (write && answers[name]) || [])
  const inStore = variablesOf(store).map((name) => [name, store === `\${${name}}` ? 'redis://127.0.0.1' : 'stands-in'])
  return {
    TOOLGATE_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64'),
    ...Object.fromEntries(secrets.map((name) => [name, 'stands-in'])),
    ...Object.fromEntries(inStore),
  }
}

/** An empty variable counts as not set. */
function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
}

function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ConfigError) return error.problems
  throw error
}
