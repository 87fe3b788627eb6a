import { consoleEntries } from './app-client.ts'
import { awsCli, cloudFormation, terraform } from './app-client-snippets.ts'
import { clientId, clientSecret } from './client-questions.ts'
import { announcedDomain, fromConsole, issuerOf, regionOf } from './cognito-console.ts'
import type { ProviderKind } from './provider-kind.ts'

/** Amazon Cognito: an app client of a user pool. */
export const cognito: ProviderKind = {
  title: 'Amazon Cognito',
  questions: [
    {
      name: 'domain',
      path: 'domain',
      message: 'Which user pool? Paste its domain, its ID, or any address of it.',
      why: 'AWS console: Cognito > User pools > your pool > Branding > Domain.',
      example: 'https://auth.acme.io',
      read: fromConsole,
      suggest: ({ issuer, 'user-pool-id': pool }) => {
        const address = issuer ?? (pool && issuerOf(pool))
        return address ? announcedDomain(address) : undefined
      },
      comment: 'the user pool domain',
    },
    {
      name: 'user-pool-id',
      path: 'user_pool_id',
      message: 'What is the user pool ID?',
      why: 'AWS console: Cognito > User pools > your pool > Overview.',
      example: 'eu-west-1_Xk3fP9qLm',
      read: (text) => ({ 'user-pool-id': fromConsole(text)['user-pool-id'] ?? text }),
      prefill: ({ domain }) => {
        const region = regionOf(domain ?? '')
        return region && `${region}_`
      },
      needed: ({ issuer }) => issuer === undefined,
      comment: 'gives the issuer and its keys',
    },
    {
      name: 'issuer',
      path: 'issuer',
      message: 'What is the issuer?',
      why: 'Only when it is not the one that the user pool ID gives.',
      example: 'http://localhost:9231/us-east-1_LocalPool',
      read: (text) => {
        const { domain: _, ...found } = fromConsole(text)
        return { issuer: text, ...found }
      },
      asked: 'never',
      comment: 'instead of the one that user_pool_id gives',
    },
    clientId(
      'What is the client ID of the app client?',
      'AWS console: Cognito > User pools > your pool > App clients.',
      '4f7q2k9v1m3x8c5b6n0z2l7j5h',
    ),
    clientSecret('COGNITO_CLIENT_SECRET', 'optional'),
  ],
  appClientQuestions: ['user-pool-id', 'client-secret-env'],
  entries: consoleEntries,
  snippets: { 'aws-cli': awsCli, cloudformation: cloudFormation, terraform },
}
