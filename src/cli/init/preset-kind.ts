import type { Preset, PresetValue } from '../../config/presets/preset.ts'
import type { AppClient } from './app-client.ts'
import { clientId, clientSecret } from './client-questions.ts'
import type { ProviderKind } from './provider-kind.ts'
import type { Question } from './question.ts'

/** What a preset makes of itself: a question for each of its values, and for the client. */
export function presetKind(
  type: string,
  { title, values, where, clientIdExample, secret, signOut }: Preset,
): ProviderKind {
  return {
    title,
    questions: [
      ...Object.entries(values).map(([key, value]) => valueQuestion(key, value, title)),
      clientId(`What is the client ID at ${title}?`, `${where.client_id}.`, clientIdExample),
      clientSecret(`${type.toUpperCase()}_CLIENT_SECRET`, secret),
    ],
    entries: (client) => entries(client, where.callback, signOut !== 'local'),
    appClientQuestions: [],
    snippets: {},
  }
}

function valueQuestion(key: string, { description, where, example, default: written }: PresetValue, title: string) {
  const question: Question = {
    name: key.replaceAll('_', '-'),
    path: key,
    message: `What is the ${key.replaceAll('_', ' ')} at ${title}?`,
    why: `${where}.`,
    example,
    comment: description.replace(/\.$/, ''),
  }
  return written === undefined ? question : { ...question, suggest: () => written }
}

/** What to enter at a provider that is not Cognito. */
export function entries({ callbackUrl, signOutUrl, scopes }: AppClient, where: string, signsOut: boolean): string {
  const rows = [
    ['Callback address', callbackUrl],
    ...(signsOut ? [['Sign-out address', signOutUrl]] : []),
    ['Grant type', 'authorization code'],
    ...(scopes.length > 0 ? [['Scopes', scopes.join(' ')]] : []),
  ]
  const lines = rows.map(([name = '', value]) => `  ${name.padEnd(20)}${value}`)
  return `At the provider, as a web application (${where}):\n\n${lines.join('\n')}`
}
