import { jsonOf, type Probe, type ProbeOutcome, type ProbeRequest, shown, unanswered } from './probe.ts'
import type { CheckedProvider } from './provider.ts'

/**
 * What a token endpoint says to a made-up refresh token (RFC 6749 section 5.2). It authenticates the client first.
 * `accepted`: the client is fine, the token is not. `no_refresh`: the client is fine, and may not refresh.
 * `secret_wanted`: the client has a secret. `client_refused`: unknown, or its secret is.
 */
export interface TokenReading {
  readonly verdict: 'accepted' | 'no_refresh' | 'secret_wanted' | 'client_refused' | 'unknown'
  readonly said: string
}

/** The answers without the secret, and with it where the config has one. */
export interface TokenReadings {
  readonly without: TokenReading
  readonly withSecret: TokenReading | undefined
}

/** A refresh token brings neither callback nor PKCE into play, as a code would. */
export async function askToken(provider: CheckedProvider, probe: Probe): Promise<TokenReadings> {
  const { clientSecret } = provider
  const [without, withSecret] = await Promise.all([
    probe(tokenRequest(provider, undefined)),
    clientSecret === undefined ? undefined : probe(tokenRequest(provider, clientSecret)),
  ])
  return { without: readToken(without), withSecret: withSecret && readToken(withSecret) }
}

function tokenRequest(provider: CheckedProvider, secret: string | undefined): ProbeRequest {
  const { tokenEndpoint: url, clientId, clientAuthentication } = provider
  const form = { grant_type: 'refresh_token', refresh_token: 'toolgate-check' }
  if (secret === undefined) return { url, form: { ...form, client_id: clientId } }
  if (clientAuthentication === 'client_secret_post') {
    return { url, form: { ...form, client_id: clientId, client_secret: secret } }
  }
  // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
  const credentials = [clientId, secret].map(formEncoded).join(':')
  return { url, form, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

const formEncoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)

export function readToken(outcome: ProbeOutcome): TokenReading {
  const why = unanswered(outcome)
  if (why !== undefined) return { verdict: 'unknown', said: why }
  if ('failure' in outcome) return { verdict: 'unknown', said: '' }
  const { error, error_description: description } = jsonOf(outcome)
  if (typeof error !== 'string') {
    return { verdict: 'unknown', said: `${outcome.status}, which is not how a token endpoint answers` }
  }
  const said = [error, description].filter((field) => typeof field === 'string').map(shown)
  return { verdict: verdictOf(error, description), said: said.join(', ') }
}

function verdictOf(error: string, description: unknown): TokenReading['verdict'] {
  switch (error) {
    case 'invalid_grant':
      return 'accepted'
    case 'unauthorized_client':
      return 'no_refresh'
    case 'invalid_client':
      return description === 'invalid_client_secret' ? 'secret_wanted' : 'client_refused'
    default:
      return 'unknown'
  }
}

/** Whether they prove that the client is known. */
export function provesClient({ without, withSecret }: TokenReadings): boolean {
  const proofs: readonly (TokenReading['verdict'] | undefined)[] = ['accepted', 'no_refresh', 'secret_wanted']
  return proofs.includes(without.verdict) || proofs.includes(withSecret?.verdict)
}
