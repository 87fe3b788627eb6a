import type { Attempt } from './attempt.ts'
import { translated } from './authorization-response.ts'
import type { Budget } from './budget.ts'
import type { CallRoute } from './call-route.ts'
import type { FailedAttempt, Redirection } from './departure.ts'
import { GatewayError } from './errors.ts'
import type { Explain } from './explain.ts'
import type { Audit, Clock } from './ports.ts'
import { type CodeExchange, type Provider, ProviderError, type ProviderTokens } from './provider.ts'
import type { Revoke } from './revoke.ts'
import { type CookieChange, type Cookies, removed, type SealedCookies } from './sealed-cookies.ts'
import { gatewayOwner } from './sealed-record.ts'
import {
  failed,
  failedBy,
  passed,
  saidBy,
  scopesGranted,
  skipped,
  type TestStep,
  testSteps,
  tryUserInfo,
} from './test-steps.ts'
import { newTokenSet, type TokenSet } from './token-set.ts'

/** A test sign-in that came back, and how it goes on. */
export interface TestRun {
  readonly provider: string
  /** The route that is to be called. */
  readonly route: string | undefined
  /** When it came back. Milliseconds since the epoch. */
  readonly startedAt: number
  /** Each step once, in their order, as soon as it is done. What was received is discarded also when nobody waits for the end. */
  readonly steps: AsyncIterable<TestStep>
  /** It can be done once. */
  readonly cookies: readonly CookieChange[]
}

/** What came back from the provider, on its way to the page that shows the rest. */
interface HandedOver {
  readonly provider: string
  readonly route: string | undefined
  readonly at: number
  readonly outcome: { readonly exchange: CodeExchange } | { readonly failure: TestStep }
}

interface TestSignInOptions {
  readonly sealed: SealedCookies
  readonly cookieName: string
  readonly providers: ReadonlyMap<string, Provider>
  readonly budgets: ReadonlyMap<string, Budget>
  readonly explain: Explain
  readonly discard: Revoke
  readonly callRoute: CallRoute
  readonly now: Clock
  readonly audit: Audit
}

const handOverSeconds = 60
/** Browsers drop a cookie over 4096 bytes, its name included. */
const maxCookie = 3900

/** See `createTestSignIn`. */
export type TestSignIn = ReturnType<typeof createTestSignIn>

/** A sign-in that changes nothing: what it receives is looked at, tried, discarded and forgotten. */
export function createTestSignIn(options: TestSignInOptions) {
  const { sealed, cookieName, providers, budgets, explain, discard, callRoute, now, audit } = options
  const name = `${cookieName}.t`

  function handedOver({ provider, route, returnTo }: Attempt, outcome: HandedOver['outcome']): Redirection {
    const value: HandedOver = { provider, route, at: now(), outcome }
    return { location: returnTo, cookies: [sealed.set('test', name, value, handOverSeconds)] }
  }

  /** Everything after the callback, up to the first step without which the others cannot be. */
  async function* stepsOf({ provider: providerName, route, outcome }: HandedOver): AsyncGenerator<TestStep> {
    if ('failure' in outcome) return yield outcome.failure
    const { exchange } = outcome
    const provider = providers.get(providerName)
    if (provider === undefined) throw new GatewayError('bad_request')
    yield passed('authorize', `Asked for ${exchange.scopes.join(' ')}`)
    yield passed('callback', 'The state was this attempt’s')
    const at = now()
    const tokens = await provider.exchange(exchange).catch((cause) => exchangeFailure(provider, cause))
    if ('status' in tokens) return yield tokens
    const set = newTokenSet(tokens, provider, at, 'sign_in')
    try {
      const more = tokens.refreshToken === undefined ? '' : ' and refresh token'
      yield passed('code_exchange', `Access token${more} received`)
      yield tokens.idToken === undefined
        ? skipped('id_token')
        : passed('id_token', 'Signature, issuer, audience and nonce fit')
      yield await tryUserInfo(provider, tokens)
      yield scopesGranted(exchange, tokens)
      yield await tryRefresh(provider, tokens)
      yield await tryCall(provider, route, set)
    } finally {
      discard(gatewayOwner, providerName, set)
    }
  }

  async function exchangeFailure(provider: Provider, cause: unknown): Promise<TestStep> {
    const error = await explain(translated(cause, provider))
    const detail = cause instanceof Error ? cause.message : undefined
    audit('sign_in_failed', { provider: provider.name, purpose: 'test', reason: error.code, detail })
    return failedBy(error, (cause instanceof ProviderError && cause.step) || 'code_exchange')
  }

  /** Every step once: those before one that is told have passed, those after the last were not reached. */
  async function* allOf(steps: AsyncIterable<TestStep>, provider: string): AsyncGenerator<TestStep> {
    const left = [...testSteps]
    try {
      for await (const step of steps) {
        yield* left.splice(0, left.indexOf(step.id)).map((id) => passed(id, undefined))
        left.shift()
        yield step
      }
    } catch (error) {
      // A fault of ours: the page still comes to its end.
      audit('sign_in_failed', { provider, purpose: 'test', reason: 'internal_error', detail: String(error) })
      yield* left.splice(0, 1).map((id) => failed(id, 'The gateway failed. Its log says more'))
    }
    yield* left.map((id) => skipped(id))
  }

  return {
    /** Takes a code to the page that exchanges it. */
    handOver(attempt: Attempt, code: string): Redirection {
      const { codeVerifier, nonce, scopes } = attempt
      const redirection = handedOver(attempt, { exchange: { code, codeVerifier, nonce, scopes } })
      if (redirection.cookies.every(({ value }) => value.length <= maxCookie)) return redirection
      return handedOver(attempt, { failure: failed('code_exchange', 'Not tried: the code is too long for a test') })
    },

    /** Takes the failure of a test that got no code to the page that shows it. */
    failed: ({ attempt, error, step }: FailedAttempt): Redirection =>
      handedOver(attempt, { failure: failedBy(error, step) }),

    /** The test that this browser came back from, for a minute. Throws `rate_limited`. */
    take(cookies: Cookies, clientAddress: string): TestRun | undefined {
      const kept = sealed.read<HandedOver>('test', name, cookies)
      if (kept === undefined || kept.at + handOverSeconds * 1000 <= now()) return undefined
      const { provider, route, at: startedAt, outcome } = kept
      if ('exchange' in outcome) budgets.get(provider)?.exchange(clientAddress)
      return { provider, route, startedAt, steps: allOf(stepsOf(kept), provider), cookies: [removed(name)] }
    },
  }

  async function tryRefresh(provider: Provider, { refreshToken, claims, scopes }: ProviderTokens): Promise<TestStep> {
    if (refreshToken === undefined)
      return skipped('refresh', 'No refresh token: people sign in again when the access token ends')
    const sub = claims?.sub === undefined ? undefined : String(claims.sub)
    try {
      const renewed = await provider.refresh(refreshToken, { sub, scopes })
      if (renewed.refreshToken !== undefined) {
        discard(gatewayOwner, provider.name, newTokenSet(renewed, provider, now(), 'sign_in'))
        return passed('refresh', 'New tokens received, the refresh token rotates')
      }
      return passed('refresh', 'New tokens received')
    } catch (error) {
      return failed('refresh', saidBy(error))
    }
  }

  async function tryCall(provider: Provider, route: string | undefined, set: TokenSet): Promise<TestStep> {
    if (route === undefined) return skipped('call', 'No tool was chosen')
    try {
      const status = await callRoute(route, provider.name, set)
      const result = `${route} answered ${status}`
      return status === 401 || status === 403 || status >= 500 ? failed('call', result) : passed('call', result)
    } catch {
      return failed('call', `${route} did not answer`)
    }
  }
}
