import type { Attempt } from './attempt.ts'
import { isRefusedScope } from './authorization-response.ts'
import { subjectOf } from './claims.ts'
import type { FailedAttempt, Redirection } from './departure.ts'
import { GatewayError } from './errors.ts'
import type { ScopeError } from './passage.ts'
import type { Clock } from './ports.ts'
import { type Provider, ProviderError } from './provider.ts'
import { missingScopes, type ReplaceTokens } from './replace-tokens.ts'
import { signInPath } from './return-to.ts'
import type { Revoke } from './revoke.ts'
import type { Finished, Returned, RoundTrips } from './round-trip.ts'
import type { CookieChange, Cookies, SealedCookies } from './sealed-cookies.ts'
import { newTokenSet, type TokenSet } from './token-set.ts'
import type { HeldSession, UserStore } from './user-store.ts'

/** Scopes a provider did not grant when asked, remembered in the browser so that nobody goes there in vain again. */
export interface RefusedScopes {
  readonly of: (provider: string, cookies: Cookies) => readonly string[]
  readonly remember: (provider: string, scopes: readonly string[], cookies: Cookies) => CookieChange
}

const rememberedMs = 10 * 60_000

interface Refusal {
  readonly provider: string
  readonly scopes: readonly string[]
  readonly at: number
}

/** See `RefusedScopes`. */
export function createRefusedScopes(sealed: SealedCookies, cookieName: string, now: Clock): RefusedScopes {
  const name = `${cookieName}.s`
  const refusals = (cookies: Cookies) =>
    (sealed.read<readonly Refusal[]>('refused scopes', name, cookies) ?? []).filter(
      ({ at }) => at + rememberedMs > now(),
    )
  return {
    of: (provider, cookies) =>
      refusals(cookies).flatMap((refusal) => (refusal.provider === provider ? refusal.scopes : [])),
    remember(provider, scopes, cookies) {
      const others = refusals(cookies).filter((refusal) => refusal.provider !== provider)
      return sealed.set('refused scopes', name, [...others, { provider, scopes, at: now() }], rememberedMs / 1000)
    },
  }
}

interface StepUpOptions {
  readonly store: UserStore
  readonly replaceTokens: ReplaceTokens
  readonly refusedScopes: RefusedScopes
  readonly discard: Revoke
  readonly cookieName: string
}

/**
 * The live session that an attempt belongs to, if this browser still has it. Throws `attempt_unknown` otherwise: what
 * was started in one session ends in no other.
 */
export async function sessionOf(attempt: Attempt, cookie: string | undefined, store: UserStore): Promise<HeldSession> {
  const session = await store.readSession(cookie, [])
  if (session === undefined || session.user !== attempt.session?.user || session.name !== attempt.session.name) {
    throw new GatewayError('attempt_unknown')
  }
  return session
}

/** Finishes a step-up: the same account's token set with more scopes, the sign-in's or a connection's. */
export function createStepUp({ store, replaceTokens, refusedScopes, discard, cookieName }: StepUpOptions) {
  return async function finishStepUp({ attempt, provider, tokens, at, cookies }: Returned): Promise<Finished> {
    const { user, session } = await sessionOf(attempt, cookies[cookieName], store)
    const isSignIn = session.provider === provider.name
    const set = newTokenSet(tokens, provider, at, isSignIn ? 'sign_in' : 'connection')
    const account = accountIn(set, provider)
    if (account !== (isSignIn ? session.sub : await connectedAccount(user, provider))) {
      discard(user, provider.name, set)
      throw new GatewayError('provider_refused', { owner: `${provider.title} answered for another account.` })
    }
    const lacking = await replaceTokens(user, set, attempt)
    if (lacking !== undefined) return lacking
    return { location: attempt.returnTo, cookies: refusal(attempt, missingScopes(attempt.scopes, set.scopes), cookies) }
  }

  /** Throws `attempt_unknown` when it was disconnected meanwhile: only connecting connects. */
  async function connectedAccount(user: string, provider: Provider): Promise<string | undefined> {
    const connection = await store.readTokens(user, provider.name)
    if (connection === undefined) throw new GatewayError('attempt_unknown')
    return accountIn(connection.set, provider)
  }

  function refusal({ provider }: Attempt, scopes: readonly string[], cookies: Cookies): readonly CookieChange[] {
    return scopes.length === 0 ? [] : [refusedScopes.remember(provider, scopes, cookies)]
  }
}

/** Whom the provider says the tokens belong to, if it says so. */
function accountIn({ claims }: TokenSet, { claimNames }: Provider): string | undefined {
  return subjectOf(claims[claimNames.user])
}

/** After a provider, or the person there, refused scopes: back to where they were needed, where a page names them. */
export function createRefusedStepUp(refusedScopes: RefusedScopes, providers: ReadonlyMap<string, Provider>) {
  return function refusedStepUp({ attempt, error }: FailedAttempt, cookies: Cookies): Redirection | undefined {
    if (attempt.purpose !== 'step_up' || !(isRefusedScope(error) || isRefusedByPerson(error))) return undefined
    const refused = missingScopes(attempt.scopes, providers.get(attempt.provider)?.scopes ?? [])
    return { location: attempt.returnTo, cookies: [refusedScopes.remember(attempt.provider, refused, cookies)] }
  }
}

/** RFC 6749 section 4.1.2.1. */
function isRefusedByPerson({ cause }: GatewayError): boolean {
  return cause instanceof ProviderError && cause.error === 'access_denied'
}

/** To the provider for the scopes that are missing at an origin; `undefined` when they were refused just now. */
export type AskForScopes = (
  error: ScopeError,
  returnTo: string,
  cookies: Cookies,
  origin: string,
) => Promise<Redirection | undefined>

interface AskForScopesOptions extends Pick<RoundTrips, 'begin'> {
  readonly refusedScopesOn: (origin: string) => RefusedScopes
  readonly publicUrl: string
  readonly basePath: string
}

/** See `AskForScopes`. The provider sends people back to `public_url`, so that is where they leave from. */
export function createAskForScopes(options: AskForScopesOptions): AskForScopes {
  const { begin, refusedScopesOn, publicUrl, basePath } = options
  return async function askForScopes({ start, missing }, returnTo, cookies, origin) {
    if (missingScopes(missing, refusedScopesOn(origin).of(start.provider, cookies)).length === 0) return undefined
    if (origin !== publicUrl) return { location: origin + signInPath(basePath, returnTo), cookies: [] }
    return begin({ ...start, returnTo }, cookies)
  }
}
