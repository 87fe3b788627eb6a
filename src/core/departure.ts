import type { Attempt, AttemptSession, Attempts, Purpose } from './attempt.ts'
import { translated } from './authorization-response.ts'
import type { Diagnosis } from './diagnosis.ts'
import { GatewayError } from './errors.ts'
import type { Audit, Clock } from './ports.ts'
import type { Provider, ProviderStep } from './provider.ts'
import type { CookieChange, Cookies } from './sealed-cookies.ts'
import { codeChallenge, randomId } from './secret.ts'

/** Where the browser goes next, and the cookies it takes along. */
export interface Redirection {
  readonly location: string
  readonly cookies: readonly CookieChange[]
}

/** What a new attempt is for. `returnTo` must be safe. */
export interface Start {
  readonly purpose: Purpose
  readonly provider: string
  /** Instead of what every sign-in asks for. */
  readonly scopes?: readonly string[]
  /** What to ask for when the provider refuses these, in the place of what every sign-in asks for. */
  readonly least?: readonly string[]
  readonly returnTo: string
  readonly session?: AttemptSession
  readonly route?: string
  readonly approval?: string
  readonly restarted?: boolean
  readonly narrow?: boolean
}

/** An attempt, and what ended it. */
export interface FailedAttempt {
  readonly attempt: Attempt
  readonly error: GatewayError
  readonly step: ProviderStep
}

/** What it takes to leave for a provider. */
export interface DepartureOptions {
  readonly attempts: Attempts
  readonly providers: ReadonlyMap<string, Provider>
  readonly diagnosis: Diagnosis
  /** What becomes of an attempt that failed at a step, or is sure to fail; `undefined`: an error page. */
  readonly recover: (failed: FailedAttempt, cookies: Cookies) => Promise<Redirection | undefined>
  readonly now: Clock
  readonly audit: Audit
}

/** Leaving for a provider, with an attempt in the browser that comes back: `begin`, and `beginForeseeing` for people. */
export function createDeparture({ attempts, providers, diagnosis, recover, now, audit }: DepartureOptions) {
  /** Starts an attempt. Throws `bad_request` for a provider that is not there, `provider_unavailable` when it is away. */
  async function begin(start: Start, cookies: Cookies): Promise<Redirection> {
    const provider = providerOf(start)
    const attempt = newAttempt({ ...start, scopes: start.scopes ?? provider.scopes }, now())
    const { nonce, codeVerifier, scopes } = attempt
    const state = randomId()
    try {
      const request = { state, nonce, codeChallenge: codeChallenge(codeVerifier), scopes }
      return { location: await provider.authorizationUrl(request), cookies: attempts.keep(state, attempt, cookies) }
    } catch (cause) {
      return insteadOf(attempt, translated(cause, provider), cookies)
    }
  }

  /**
   * As `begin`, for a person who waits for a page: what the provider would refuse on a page of its own, from which nobody
   * comes back, is refused here with its cause. Throws `provider_refused` then, and `provider_unavailable` where nobody
   * answers.
   */
  async function beginForeseeing(start: Start, cookies: Cookies): Promise<Redirection> {
    const provider = providerOf(start)
    const { name } = provider
    const { purpose } = start
    const finding = await (purpose === 'test' ? diagnosis.rehearsal(name) : diagnosis.preflight(name))
    if (finding === undefined) return begin(start, cookies)
    if (finding === 'away') throw new GatewayError('provider_unavailable', { provider })
    audit('sign_in_failed', { provider: name, purpose, reason: 'provider_refused', detail: finding.answer })
    return insteadOf(newAttempt(start, now()), new GatewayError('provider_refused', { provider, finding }), cookies)
  }

  /** What comes of an attempt that cannot leave for the provider. */
  async function insteadOf(attempt: Attempt, error: GatewayError, cookies: Cookies): Promise<Redirection> {
    const instead = await recover({ attempt, error, step: 'authorize' }, cookies)
    if (instead === undefined) throw error
    return instead
  }

  function providerOf({ provider: name }: Start): Provider {
    const provider = providers.get(name)
    if (provider === undefined) throw new GatewayError('bad_request')
    return provider
  }

  return { begin, beginForeseeing }
}

/** What a browser keeps of a start. */
export function newAttempt(start: Start, startedAt: number): Attempt {
  return {
    purpose: start.purpose,
    provider: start.provider,
    scopes: start.scopes ?? [],
    least: start.least,
    nonce: randomId(),
    codeVerifier: randomId(),
    returnTo: start.returnTo,
    session: start.session,
    route: start.route,
    approval: start.approval,
    startedAt,
    restarted: start.restarted ?? false,
    tried: false,
    narrow: start.narrow ?? false,
  }
}

/** What starts the same attempt once more. */
export function startOf(attempt: Attempt): Start {
  const { purpose, provider, scopes, least, returnTo, session, route, approval, restarted } = attempt
  return {
    ...{ purpose, provider, scopes, returnTo, restarted },
    ...(least && { least }),
    ...(session && { session }),
    ...(route && { route }),
    ...(approval && { approval }),
  }
}
