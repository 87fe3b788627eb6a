import { parseArgs } from 'node:util'
import { commandOptions } from '../config-option.ts'
import { UsageError } from '../run.ts'
import type { ProviderKind } from './provider-kind.ts'
import { providerKinds } from './provider-kinds.ts'
import { publicUrl, routeQuestions } from './question.ts'

const kinds = Object.values(providerKinds)

/** What `toolgate init --help` says. */
export const help = `Usage: toolgate init [options]
       toolgate init --yes --domain URL --user-pool-id ID --client-id ID --upstream URL [options]

Writes a first config by asking, says what to enter at the provider, and checks the result.

  -o, --output FILE             where to write (default: $TOOLGATE_CONFIG, else config/toolgate.yaml)
      --force                   write over a file that is there
      --no-check                do not check the result
  -y, --yes                     ask nothing: take the options below and, where one is missing, its default

      --public-url URL          the origin people open (default: http://localhost:8080)
      --provider KIND           cognito, or one of those below (default: cognito)
      --domain URL              the user pool domain, or any address of the pool in the console
      --user-pool-id ID         the user pool; --domain may then be left out if the pool can be asked
      --issuer URL              when it is not the one that the user pool ID gives
      --client-id ID            the app client
      --client-secret-env NAME  the variable that holds the client secret; without it, a client without a secret
      --route-name NAME         the first tool (default: by its path, else tool)
      --route-path PATH         where people find it (default: /NAME)
      --upstream URL            where it runs
      --store URL               memory: or redis://HOST:PORT (default: memory:)

Other kinds of provider, with --client-id, --client-secret-env and options of their own:
${Object.entries(providerKinds).slice(1).map(ownOptions).join('\n')}

Printed instead of writing a config, for who makes the app client with:
      --aws-cli, --cloudformation, --terraform

Exit code: 0 done, 1 nothing was written. What the check finds does not change it.`

function ownOptions([type, { questions }]: readonly [string, ProviderKind]): string {
  const own = questions.flatMap(({ name }) => (name.startsWith('client-') ? [] : [`--${name}`]))
  return `      ${type.padEnd(26)}${own.join(', ')}`.trimEnd()
}

const providerQuestionNames = kinds.flatMap(({ questions }) => questions.map(({ name }) => name))
const otherQuestionNames = [publicUrl, ...routeQuestions].map(({ name }) => name)
const snippetNames = kinds.flatMap(({ snippets }) => Object.keys(snippets))

/** The options that the tables of questions and snippets make. */
const tabled: object = {
  ...Object.fromEntries([...otherQuestionNames, ...providerQuestionNames].map((name) => [name, { type: 'string' }])),
  ...Object.fromEntries(snippetNames.map((name) => [name, { type: 'boolean' }])),
}

/** Reads the command line. Answers and the snippet asked for are among the values, by their names. */
export function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      ...tabled,
      ...commandOptions,
      provider: { type: 'string' },
      output: { type: 'string', short: 'o' },
      yes: { type: 'boolean', short: 'y', default: false },
      force: { type: 'boolean', default: false },
      check: { type: 'boolean', default: true },
    },
  })
  const snippet = snippetNames.find((name) => name in values)
  return { ...values, snippet }
}

export type Options = ReturnType<typeof parseOptions>

/** Throws UsageError for an option that another kind of provider has, and this one has not. */
export function refuseOptionsOfOthers(options: Options, type: string, { questions, snippets }: ProviderKind): void {
  const own = [...questions.map(({ name }) => name), ...Object.keys(snippets)]
  const alien = [...providerQuestionNames, ...snippetNames].find((name) => name in options && !own.includes(name))
  if (alien !== undefined) throw new UsageError(`--${alien} does not go with --provider ${type}.`)
}
