import { type Absence, absenceOf, type ProbeOutcome, shown, unanswered } from './probe.ts'

/**
 * What an authorization server thinks of an authorization request, in the order in which Cognito checks.
 * `absent`: no such endpoint. `client`: the client, or the identity provider asked for, is not known. `oauth`: OAuth is
 * off for the client, or the callback is not registered. `callback`: it is not registered. `flow`, `scope`: refused.
 * `refused`: for a reason we do not know, on the error page or at the callback. `passed`: on to a sign-in.
 */
export type Verdict =
  | 'unknown'
  | 'absent'
  | 'client'
  | 'oauth'
  | 'callback'
  | 'flow'
  | 'scope'
  | 'refused'
  | 'refused_at_callback'
  | 'passed'

export interface AuthorizeReading {
  readonly verdict: Verdict
  /** What came back, in a few words. */
  readonly said: string
  /** The sign-in page it leads to, on the same origin. */
  readonly loginUrl?: string
  /** Nobody answered, or only a server that fails. */
  readonly absence?: Absence | undefined
}

/** The request that is made: the endpoint with everything the gateway would send. */
export interface AuthorizeQuestion {
  readonly endpoint: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly params: Readonly<Record<string, string>>
  readonly state: string
  readonly codeChallenge: string
}

/** The address to ask. */
export function authorizeUrl(question: AuthorizeQuestion): string {
  const url = new URL(question.endpoint)
  const parameters = {
    ...question.params,
    response_type: 'code',
    client_id: question.clientId,
    redirect_uri: question.redirectUri,
    scope: question.scopes.join(' '),
    state: question.state,
    nonce: question.state,
    code_challenge: question.codeChallenge,
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.toString()
}

/** Reads the answer to an authorization request. Cognito refuses either on its own error page or at the callback. */
export function readAuthorize(outcome: ProbeOutcome, question: AuthorizeQuestion): AuthorizeReading {
  const why = unanswered(outcome)
  if (why !== undefined) return { verdict: 'unknown', said: why, absence: absenceOf(outcome) }
  if ('failure' in outcome) return { verdict: 'unknown', said: '' }
  const { status, location } = outcome
  const target = location === undefined ? null : URL.parse(location, question.endpoint)
  if (status === 404) return { verdict: 'absent', said: '404, there is no such endpoint' }
  if (target === null || status < 300 || status > 399) {
    return { verdict: 'unknown', said: `${status}, which is not how a provider answers here` }
  }

  const { origin } = new URL(question.endpoint)
  if (isAtCallback(target, question)) return readCallback(target.searchParams)
  if (target.origin !== origin) return { verdict: 'passed', said: `on to ${shown(target.host)}` }
  if (target.pathname === '/error') return readErrorPage(target.searchParams.get('error') ?? '')
  return { verdict: 'passed', said: 'on to the sign-in page', loginUrl: target.href }
}

/** The verdicts that the standards alone allow. */
export interface StandardReading {
  readonly verdict: Extract<Verdict, 'unknown' | 'refused' | 'refused_at_callback' | 'flow' | 'scope' | 'passed'>
  readonly said: string
}

/** Reads the answer of any provider: what is told to the callback is standardised, the rest is a page for people. */
export function readStandardAuthorize(outcome: ProbeOutcome, question: AuthorizeQuestion): StandardReading {
  const why = unanswered(outcome)
  if (why !== undefined) return { verdict: 'unknown', said: why }
  if ('failure' in outcome) return { verdict: 'unknown', said: '' }
  const { status, location } = outcome
  const target = location === undefined ? null : URL.parse(location, question.endpoint)
  if (target !== null && isAtCallback(target, question)) return readCallback(target.searchParams)
  if (target !== null && /\/error\b/.test(target.pathname)) return { verdict: 'refused', said: 'on to an error page' }
  if (target !== null) return { verdict: 'passed', said: `on to ${shown(target.host)}` }
  return status < 300 ? { verdict: 'passed', said: `${status}, a page` } : { verdict: 'refused', said: `${status}` }
}

const isAtCallback = (target: URL, { redirectUri }: AuthorizeQuestion) =>
  target.href.startsWith(new URL(redirectUri).href)

function readErrorPage(error: string): AuthorizeReading {
  const said = `the error page says "${shown(error)}"`
  if (error === 'redirect_mismatch') return { verdict: 'callback', said }
  if (error.startsWith('Client is not enabled for OAuth2.0 flows')) return { verdict: 'oauth', said }
  if (error === 'invalid_request') return { verdict: 'client', said }
  return { verdict: isServerTrouble(error) ? 'unknown' : 'refused', said }
}

/** Live pools send `invalid_request` with the reason in the description, the documentation has the reason in `error`. */
function readCallback(query: URLSearchParams): StandardReading {
  const error = query.get('error') ?? ''
  const fields = [error, query.get('error_description') ?? '']
  const said = `the callback is told ${fields
    .filter(Boolean)
    .map((field) => `"${shown(field)}"`)
    .join(', ')}`
  if (fields.includes('invalid_scope')) return { verdict: 'scope', said }
  if (fields.includes('unauthorized_client') || fields.includes('unsupported_response_type')) {
    return { verdict: 'flow', said }
  }
  // What `prompt=none` without a session brings (OpenID Connect Core section 3.1.2.6): the request itself is fine.
  if (['login_required', 'interaction_required', 'consent_required'].includes(error)) return { verdict: 'passed', said }
  return { verdict: isServerTrouble(error) ? 'unknown' : 'refused_at_callback', said }
}

const isServerTrouble = (error: string) => error === 'server_error' || error === 'temporarily_unavailable'

const beyondCallback: readonly Verdict[] = ['flow', 'scope', 'refused_at_callback', 'passed']

/** Whether it proves that the callback is registered. */
export const isRegistered = ({ verdict }: AuthorizeReading): boolean => beyondCallback.includes(verdict)

/** Whether it proves that the client is known. `oauth` does: the text is about this client. */
export const isClientKnown = (reading: AuthorizeReading): boolean =>
  reading.verdict === 'oauth' || reading.verdict === 'callback' || isRegistered(reading)

/** The page that the request leads to. `branding`: managed login has no style for the client. */
export interface LoginReading {
  readonly verdict: 'usable' | 'branding' | 'refused' | 'unknown'
  readonly said: string
}

export function readLogin(outcome: ProbeOutcome, loginUrl: string): LoginReading {
  if ('status' in outcome) {
    const { status, body, location } = outcome
    if (status === 403 && /login pages unavailable/i.test(body)) {
      return { verdict: 'branding', said: '403, "Login pages unavailable"' }
    }
    if (status === 200) return { verdict: 'usable', said: '200, a page' }
    const target = location === undefined ? null : URL.parse(location, loginUrl)
    if (target?.pathname === '/error') {
      return { verdict: 'refused', said: `the error page says "${shown(target.searchParams.get('error') ?? '')}"` }
    }
    if (target !== null && status < 400) return { verdict: 'usable', said: `on to ${shown(target.host)}` }
  }
  return { verdict: 'unknown', said: unanswered(outcome) ?? ('status' in outcome ? String(outcome.status) : '') }
}
