import { clientId, clientSecret } from './client-questions.ts'
import { entries } from './preset-kind.ts'
import type { ProviderKind } from './provider-kind.ts'
import type { Question } from './question.ts'

const registered = 'the redirect addresses of the client'

function endpoint(key: string, message: string, why: string, example: string): Question {
  return { name: key.replaceAll('_', '-'), path: key, message, why, example, comment: '' }
}

/** Any OpenID Connect provider. */
export const oidc: ProviderKind = {
  title: 'Another OpenID Connect provider',
  questions: [
    {
      name: 'issuer',
      path: 'issuer',
      message: 'What is the issuer?',
      why: 'Its address before /.well-known/openid-configuration, as it is written there under "issuer".',
      example: 'https://sso.acme.io',
      comment: 'its metadata says the rest',
    },
    clientId('What is the client ID?', 'Of the client that is registered for this gateway.', 'toolgate'),
    clientSecret('OIDC_CLIENT_SECRET', 'optional'),
  ],
  entries: (client) => entries(client, registered, true),
  appClientQuestions: [],
  snippets: {},
}

/** OAuth 2.0 without OpenID Connect, by hand. */
export const oauth2: ProviderKind = {
  title: 'An OAuth 2.0 provider, by its endpoints',
  questions: [
    endpoint(
      'authorization_endpoint',
      'What is the authorization endpoint?',
      'Where people are sent to agree.',
      'https://crm.acme.io/oauth/authorize',
    ),
    endpoint(
      'token_endpoint',
      'What is the token endpoint?',
      'Where a code is turned into tokens.',
      'https://crm.acme.io/oauth/token',
    ),
    endpoint(
      'userinfo_endpoint',
      'Which address says who a token belongs to?',
      'It answers with JSON about the user.',
      'https://crm.acme.io/me',
    ),
    endpoint(
      'subject',
      'Which field of that answer identifies the user for ever?',
      'A number or an id, never an e-mail address.',
      'id',
    ),
    clientId('What is the client ID?', 'Of the client that is registered for this gateway.', 'toolgate'),
    clientSecret('OAUTH2_CLIENT_SECRET', 'optional'),
  ],
  entries: (client) => entries(client, registered, false),
  appClientQuestions: [],
  snippets: {},
}
