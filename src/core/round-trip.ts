import type { Attempt, Purpose } from './attempt.ts'
import { codeFrom, isRefusedScope, single, translated } from './authorization-response.ts'
import type { Budget } from './budget.ts'
import { createDeparture, type DepartureOptions, type Redirection, type Start, startOf } from './departure.ts'
import { GatewayError } from './errors.ts'
import { createExplain } from './explain.ts'
import { type Provider, ProviderError, type ProviderTokens } from './provider.ts'
import { missingScopes } from './replace-tokens.ts'
import { createSameAnswer } from './same-answer.ts'
import type { CookieChange, Cookies } from './sealed-cookies.ts'
import { isEqualSecret, sha256 } from './secret.ts'
import type { UserStore } from './user-store.ts'

/** A browser back from the provider. */
interface ReturnedRequest {
  readonly query: URLSearchParams
  readonly cookies: Cookies
  readonly clientAddress: string
  /** What people call it, where that is known. */
  readonly browser: string | undefined
}

/** An attempt that came back with tokens. */
export interface Returned {
  readonly attempt: Attempt
  readonly provider: Provider
  readonly tokens: ProviderTokens
  /** When the tokens were asked for. Milliseconds since the epoch. */
  readonly at: number
  readonly cookies: Cookies
  readonly browser: string | undefined
}

/** What an attempt leads to: on to an address, or to the provider once more, for all of these scopes. */
export type Finished = Redirection | { readonly again: readonly string[] }

/** What each purpose does with the tokens. A test gets none: it exchanges the code itself, step by step. */
type Finishers = Readonly<Record<Exclude<Purpose, 'test'>, (returned: Returned) => Promise<Finished>>>

interface RoundTripOptions extends DepartureOptions {
  readonly store: UserStore
  readonly budgets: ReadonlyMap<string, Budget>
  readonly finishers: Finishers
  /** Takes a test to the page that goes on with its code. */
  readonly handOver: (attempt: Attempt, code: string) => Redirection
  readonly cookieName: string
}

/** Round trips to a provider: begin leaves for it, complete comes back. See `createRoundTrips`. */
export type RoundTrips = ReturnType<typeof createRoundTrips>

/** An attempt that could not be finished, with the address it was for, so that a page can offer to try again. */
export class AttemptError extends GatewayError {
  readonly purpose: Purpose
  readonly returnTo: string
  readonly cookies: readonly CookieChange[]

  constructor(error: GatewayError, { purpose, returnTo }: Attempt, cookies: readonly CookieChange[]) {
    super(error.code, error)
    this.purpose = purpose
    this.returnTo = returnTo
    this.cookies = cookies
  }
}

/** OAuth 2.0 authorization code with PKCE (RFC 6749 section 4.1, RFC 7636), for whatever purpose. */
export function createRoundTrips(options: RoundTripOptions) {
  const { store, attempts, providers, budgets, finishers, handOver, diagnosis, recover, cookieName, now, audit } =
    options
  const { begin, beginForeseeing } = createDeparture(options)
  const explain = createExplain(diagnosis)
  const sameAnswer = createSameAnswer<Redirection>(now)

  /**
   * Ends an attempt of this browser at this provider's callback. Throws GatewayError `attempt_unknown` for any other,
   * `rate_limited`, and AttemptError when the provider or the store fails it.
   */
  async function complete(providerName: string, returned: ReturnedRequest): Promise<Redirection> {
    const { query, cookies } = returned
    const state = single(query, 'state')
    if (state === undefined) throw unknown(providerName)
    const attempt = attempts.find(state, cookies)
    if (attempt === undefined) return afterUse(providerName, state, cookies)
    if (attempt.provider !== providerName) throw unknown(providerName)
    // Its cookie is still there, so the browser has not heard: it may have hung up and loaded the address again.
    return sameAnswer(sha256(`${state} ${query}`), () => end(attempt, state, returned))
  }

  async function end(
    attempt: Attempt & { expired: boolean },
    state: string,
    returned: ReturnedRequest,
  ): Promise<Redirection> {
    const { query, cookies, clientAddress } = returned
    const providerName = attempt.provider
    // Before the code is spent: the page that says what is in the way can be loaded again until it is gone.
    await store.ping()
    if (query.has('code') && !attempt.expired && attempt.purpose !== 'test')
      budgets.get(providerName)?.exchange(clientAddress)
    const usedFor = ({ location, cookies: changes }: Redirection): Redirection => ({
      location,
      cookies: [...attempts.use(state, attempt, cookies, location === attempt.returnTo), ...changes],
    })
    try {
      return usedFor(await finish(attempt, returned))
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      audit('sign_in_failed', {
        provider: providerName,
        purpose: attempt.purpose,
        reason: error.code,
        detail: causeOf(error),
      })
      if (attempt.tried && !attempt.restarted && isSpentCode(error))
        return usedFor(await restart(startOf(attempt), cookies))
      const failure = await explain(error)
      const step = (error.cause instanceof ProviderError && error.cause.step) || 'callback'
      const failed = { attempt, error: failure, step }
      const instead = (await withoutRefused(attempt, failure, cookies)) ?? (await recover(failed, cookies))
      if (instead !== undefined) return usedFor(instead)
      // The code may still be good: the page that says so is loaded again and tries it again.
      const mayRetry = error.code === 'provider_unavailable'
      const kept = mayRetry && attempts.keep(state, { ...attempt, tried: true }, cookies)
      throw new AttemptError(failure, attempt, kept || attempts.use(state, attempt, cookies, true))
    }
  }

  async function finish(
    attempt: Attempt & { expired: boolean },
    { query, cookies, browser }: ReturnedRequest,
  ): Promise<Redirection> {
    if (attempt.expired) return restart(startOf(attempt), cookies)
    if (attempts.isLooping(attempt, cookies)) throw new GatewayError('sign_in_loop')
    const provider = providers.get(attempt.provider)
    if (provider === undefined) throw new GatewayError('attempt_unknown')
    const { nonce, codeVerifier, scopes } = attempt
    const fail = (cause: unknown) => {
      throw translated(cause, provider)
    }
    const code = await codeFrom(query, provider).catch(fail)
    if (attempt.purpose === 'test') return handOver(attempt, code)
    const at = now()
    const tokens = await provider.exchange({ code, codeVerifier, nonce, scopes }).catch(fail)
    const finished = await finishers[attempt.purpose]({ attempt, provider, tokens, at, cookies, browser })
    return 'again' in finished ? begin({ ...startOf(attempt), scopes: finished.again }, cookies) : finished
  }

  /** What asked for more than usual, for the sake of a stored set or of tools, is not lost when that is refused. */
  async function withoutRefused(
    attempt: Attempt,
    error: GatewayError,
    cookies: Cookies,
  ): Promise<Redirection | undefined> {
    if (attempt.purpose === 'step_up' || attempt.purpose === 'test' || !isRefusedScope(error)) return undefined
    const least = attempt.least ?? providers.get(attempt.provider)?.scopes ?? []
    if (attempt.narrow || missingScopes(attempt.scopes, least).length === 0) return undefined
    return begin({ ...startOf(attempt), scopes: least, narrow: true }, cookies)
  }

  /** The back button, or a callback opened again: on to where it led when signed in, otherwise once more from the start. */
  async function afterUse(provider: string, id: string, cookies: Cookies): Promise<Redirection> {
    const use = attempts.usedAttempts(cookies).find((entry) => isEqualSecret(entry.id, id))
    if (use === undefined) throw unknown(provider)
    const session = await store.readSession(cookies[cookieName], [])
    // Only a sign-in signs in; where another led to asks for one, if it has to.
    if (session !== undefined || use.purpose !== 'sign_in') return { location: use.returnTo, cookies: [] }
    return restart({ purpose: 'sign_in', provider, returnTo: use.returnTo, restarted: use.restarted }, cookies)
  }

  /** Of another browser, perhaps: somebody may have been handed the address. */
  function unknown(provider: string): GatewayError {
    audit('sign_in_failed', { provider, reason: 'attempt_unknown' })
    return new GatewayError('attempt_unknown')
  }

  async function restart(past: Start, cookies: Cookies): Promise<Redirection> {
    if (past.restarted) throw new GatewayError('attempt_unknown')
    return begin({ ...past, restarted: true }, cookies)
  }

  return { begin, beginForeseeing, complete }
}

/** After an answer that was lost, this says no more than that the code had arrived. */
function isSpentCode({ cause }: GatewayError): boolean {
  return cause instanceof ProviderError && cause.failure === 'invalid_grant'
}

function causeOf(error: GatewayError): string | undefined {
  return error.owner ?? (error.cause instanceof Error ? error.cause.message : undefined)
}
