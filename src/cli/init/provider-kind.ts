import type { AppClient } from './app-client.ts'
import type { Question } from './question.ts'

/** What `toolgate init` has to know of a kind of provider. */
export interface ProviderKind {
  readonly title: string
  /** In the order of the keys in the config; each `path` is a key of the provider. */
  readonly questions: readonly Question[]
  /** The names of the questions that matter when only the client at the provider is to be made. */
  readonly appClientQuestions: readonly string[]
  /** What to enter at the provider, for people. */
  readonly entries: (client: AppClient) => string
  /** Ways to make the client without the console, by their option. */
  readonly snippets: Readonly<Record<string, (client: AppClient) => string>>
}
