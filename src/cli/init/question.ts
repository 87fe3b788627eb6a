/** What has been answered so far, by the names of questions. */
export type Answers = Readonly<Record<string, string>>

/** One thing that `toolgate init` has to know. */
export interface Question {
  /** Its option on the command line, and the name of its answer. */
  readonly name: string
  /** Where the answer goes in the config, for a provider within it. The rules of that key say what a good answer is. */
  readonly path: string
  readonly message: string
  /** A sentence: what it is for, or where to find it. */
  readonly why: string
  /** A good answer: shown, and standing in while the answers to other questions are tried. */
  readonly example: string
  /** The answer of those who give none. */
  readonly suggest?: (answers: Answers) => string | undefined | Promise<string | undefined>
  /** How the answer begins, to be completed. */
  readonly prefill?: (answers: Answers) => string | undefined
  /** How it is asked for; `whether`: yes or no, where yes is the suggestion; `never`: as an option only. */
  readonly asked?: 'whether' | 'never'
  /** Whether it has to be answered. Default: yes, unless `asked` says otherwise. */
  readonly needed?: (answers: Answers) => boolean
  /** What one text tells of this and other questions. */
  readonly read?: (text: string) => Answers
  /** A rule of ours beyond those of the config. */
  readonly rule?: readonly [holds: (answer: string) => boolean, sentence: string]
  /** The answer as the config has it. Default: as it is. */
  readonly write?: (answer: string) => string
  /** The comment beside a key of the provider. */
  readonly comment?: string
}

/** Whether a question has to be answered, given the answers to others. */
export function isNeeded(question: Question, answers: Answers): boolean {
  return question.needed?.(answers) ?? question.asked === undefined
}

export const publicUrl: Question = {
  name: 'public-url',
  path: 'public_url',
  message: 'Which address will people open?',
  why: 'The origin of the gateway, as browsers see it. The callback URL is below it.',
  example: 'https://tools.acme.io',
  suggest: () => 'http://localhost:8080',
}

/** The first route, and where sessions are kept. */
export const routeQuestions: readonly Question[] = [
  {
    name: 'route-name',
    path: 'routes[0].name',
    message: 'What is the first tool called?',
    why: 'A short name for logs, metrics and the home page.',
    example: 'reports',
    suggest: ({ 'route-path': path }) => /^\/([a-z0-9-]+)/.exec(path ?? '')?.[1] ?? 'tool',
  },
  {
    name: 'route-path',
    path: 'routes[0].path',
    message: 'Under which path do people find it?',
    why: 'Everything below this path goes to the tool.',
    example: '/reports',
    suggest: ({ 'route-name': name }) => `/${name}`,
  },
  {
    name: 'upstream',
    path: 'routes[0].upstream',
    message: 'Where does the tool itself run?',
    why: 'Its address as the gateway reaches it; people never see it.',
    example: 'http://127.0.0.1:3000',
  },
  {
    name: 'store',
    path: 'store.url',
    message: 'Where are sessions kept?',
    why: 'memory: forgets at a restart and is for one process. Else redis://HOST:PORT.',
    example: 'redis://127.0.0.1:6379',
    suggest: () => 'memory:',
    rule: [
      (answer) => !/\/\/[^/]*@/.test(answer) || answer.includes('${'),
      'holds a user name or a password; put the whole address into an environment variable and answer ${REDIS_URL}',
    ],
  },
]
