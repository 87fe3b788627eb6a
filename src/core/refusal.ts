import { type Finding, findingsAbout } from './finding.ts'
import type { ProviderError } from './provider.ts'

interface Meaning {
  readonly answer: string
  readonly remedy: string
  readonly docs?: string
}

const noCodeFlow: Meaning = {
  answer: 'The client may not use the authorization code grant, or the callback URL is not the one that was asked for.',
  remedy: 'Allow the authorization code grant for the client, and compare its callback URLs with the config.',
  docs: 'docs/callback-mismatch.md',
}
const noSilence: Meaning = {
  answer: 'It was asked not to show a page, and needs one.',
  remedy: 'Take prompt=none out of authorize_params.',
}
const ownTrouble: Meaning = {
  answer: 'The provider failed by itself, or what it relies on did: an outside identity provider, a trigger.',
  remedy: 'Try again in a minute. If it stays, look at the status page and the log of the provider.',
}

/** By error code: RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  [
    'access_denied',
    {
      answer: 'The person cancelled, or the provider does not let this account in.',
      remedy: 'If it was not cancelled, look at the log of the provider: a rule or a trigger there may refuse it.',
    },
  ],
  ['server_error', ownTrouble],
  ['temporarily_unavailable', ownTrouble],
  [
    'invalid_scope',
    {
      answer: 'A scope that was asked for is not known there, or not enabled for the client.',
      remedy: 'Enable it for the client, or take it out of the scopes of the provider or the route.',
      docs: 'docs/scope-not-enabled.md',
    },
  ],
  ['unauthorized_client', noCodeFlow],
  ['unsupported_response_type', noCodeFlow],
  ['login_required', noSilence],
  ['interaction_required', noSilence],
  ['consent_required', noSilence],
  [
    'invalid_client',
    {
      answer: 'The client ID is not known, or the client secret is wrong, missing or not wanted.',
      remedy: 'Compare client_id, client_secret and client_authentication with the console of the provider.',
      docs: 'docs/client-secret.md',
    },
  ],
  [
    'invalid_grant',
    {
      answer: 'The code was used before or is too old. If it happens each time, the set-up is to blame.',
      remedy:
        'Try again. With Cognito, each time means: the client may not read an attribute that a scope needs (Attribute permissions), or authorize_params has a resource that is none of the resource servers.',
      docs: 'docs/scope-not-enabled.md',
    },
  ],
  [
    'invalid_request',
    {
      answer: 'The request has something that the provider does not take.',
      remedy: 'Look at authorize_params and the endpoints of the provider in the config first.',
    },
  ],
  [
    'unsupported_grant_type',
    {
      answer: 'What was asked does not give tokens for a code.',
      remedy: 'See that token_endpoint is the token endpoint of the provider.',
    },
  ],
])

const badIdToken: Meaning = {
  answer: 'The ID token is not the one that was asked for.',
  remedy:
    'Compare the issuer (user_pool_id) and client_id with the provider, and the clock of this machine with the time.',
}

/** What a refusal usually means, where nothing more is known. Cognito has the reason in the description. */
export function usualCause({ error, description, step }: ProviderError, provider: string): Finding | undefined {
  const meaning =
    meanings.get(description ?? '') ?? meanings.get(error ?? '') ?? (step === 'id_token' ? badIdToken : undefined)
  if (meaning === undefined) return undefined
  const { answer, ...help } = meaning
  return findingsAbout(`provider ${provider}`).unknown('Why was it refused?', answer, help)
}
