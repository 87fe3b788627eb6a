import type { Question } from './question.ts'

/** The client at the provider; `why` says where to find its id. */
export function clientId(message: string, why: string, example: string): Question {
  return { name: 'client-id', path: 'client_id', message, why, example, comment: 'the client' }
}

/**
 * The variable that will hold the client secret, `variable` unless it is named otherwise. The secret itself is never
 * asked for.
 */
export function clientSecret(variable: string, secret: 'required' | 'optional'): Question {
  const shared = {
    name: 'client-secret-env',
    path: 'client_secret',
    example: variable,
    suggest: () => variable,
    rule: [
      (answer) => /^[A-Z_][A-Z0-9_]*$/.test(answer),
      `must be the name of an environment variable, such as ${variable}, and never the secret itself`,
    ],
    write: (answer) => `\${${answer}}`,
    comment: 'read from the environment',
  } satisfies Partial<Question>
  if (secret === 'required') {
    return {
      ...shared,
      message: 'Which environment variable will hold the client secret?',
      why: 'The config only names it; the secret stays out of the file.',
    }
  }
  return {
    ...shared,
    message: 'Does the client have a client secret?',
    why: `Its page in the console shows one, or none. The config will read it from ${variable}.`,
    asked: 'whether',
  }
}
