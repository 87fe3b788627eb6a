import type { Attempt, Attempts } from './attempt.ts'
import { newAttempt, type Redirection, type Start } from './departure.ts'
import type { Endings } from './endings.ts'
import { GatewayError } from './errors.ts'
import type { HandOverCodes } from './hand-over-codes.ts'
import { identityOf } from './identity.ts'
import type { AnswerConsented } from './mcp/consented.ts'
import type { Audit, Clock } from './ports.ts'
import type { Provider } from './provider.ts'
import { AttemptError } from './round-trip.ts'
import type { CookieChange, Cookies } from './sealed-cookies.ts'
import { randomId } from './secret.ts'
import { familyOf, isChild } from './session.ts'
import type { RefusedScopes } from './step-up.ts'
import type { HeldSession, NewSession, SessionPlace, UserStore } from './user-store.ts'

interface HandOverOptions {
  readonly codes: HandOverCodes
  readonly store: UserStore
  readonly providers: ReadonlyMap<string, Provider>
  readonly endings: Pick<Endings, 'session' | 'sessionOnly'>
  readonly attemptsOn: (origin: string) => Attempts
  readonly refusedScopesOn: (origin: string) => RefusedScopes
  readonly answerConsented: AnswerConsented
  readonly publicUrl: string
  readonly basePath: string
  readonly cookieName: string
  readonly now: Clock
  readonly audit: Audit
}

/** Where a browser came from to be signed in, and what it left there. */
export interface Sender {
  readonly origin: string
  /** Path and query at that origin. */
  readonly returnTo: string
  /** The id of the attempt that it keeps there. */
  readonly attempt: string
}

/** How a session of `public_url` gets to another host. See `createHandOver`. */
export type HandOver = ReturnType<typeof createHandOver>

/** In the attempt's cookie at public_url this is one of many things. */
const maxLength = 2500

/**
 * People sign in at `public_url`, where providers send them back. A host of a route sends its visitors there with an attempt
 * in their browser, and gets them back with a code: it is good for this host, this address and this attempt alone, so
 * nobody is signed in by a link that somebody else made, and who sees the code has nothing. All throw `store_unavailable`.
 */
export function createHandOver(options: HandOverOptions) {
  const {
    codes,
    store,
    providers,
    endings,
    attemptsOn,
    refusedScopesOn,
    answerConsented,
    publicUrl,
    basePath,
    now,
    audit,
  } = options

  /** From a host to `public_url`, to sign in there. */
  function leave(start: Start, origin: string, cookies: Cookies): Redirection {
    const attempt = newAttempt(start, now())
    const id = randomId()
    const there = signInAt({ origin, returnTo: attempt.returnTo, attempt: id }, attempt.provider)
    if (there.length > maxLength && start.purpose === 'sign_in' && start.returnTo !== `${basePath}/`) {
      return leave({ ...start, returnTo: `${basePath}/` }, origin, cookies)
    }
    return { location: publicUrl + there, cookies: attemptsOn(origin).keep(id, attempt, cookies) }
  }

  /** The path at `public_url` that signs in for another host. */
  function signInAt({ origin, returnTo, attempt }: Sender, provider: string): string {
    const query = new URLSearchParams({
      hand_over: attempt,
      return_to: origin + returnTo,
      ...(provider && { provider }),
    })
    return `${basePath}/sign-in?${query}`
  }

  /** From `public_url` back to that host, with this session. `refused`: what the provider would not grant for it. */
  async function send(session: HeldSession, sender: Sender, refused: readonly string[]): Promise<Redirection> {
    const code = await codes.issue(session, { ...sender, refused })
    return { location: `${sender.origin}${basePath}/hand-over?${new URLSearchParams({ code })}`, cookies: [] }
  }

  /**
   * At that host: a session of its own for a code. Throws GatewayError `attempt_unknown` when the code is not good here,
   * or not in this browser, and AttemptError where it is known what it was for.
   */
  async function receive(code: string | undefined, origin: string, cookies: Cookies): Promise<Redirection> {
    const given = await codes.read(code)
    const attempts = attemptsOn(origin)
    const attempt = given?.origin === origin ? attempts.find(given.attempt, cookies) : undefined
    // None of this uses the code up: who got hold of it without the rest has nothing.
    if (given === undefined || attempt === undefined) throw refusal('attempt_unknown', undefined, [])
    const used = attempts.use(given.attempt, attempt, cookies, true)
    const refuse = (error: 'attempt_unknown' | 'sign_in_loop') => refusal(error, attempt, used)
    if (attempt.expired || attempt.returnTo !== given.returnTo) throw refuse('attempt_unknown')
    if (attempts.isLooping(attempt, cookies)) throw refuse('sign_in_loop')
    if (!(await codes.take(given))) throw refuse('attempt_unknown')
    const session = await childOf(given.session, origin)
    if (session === undefined) throw refuse('attempt_unknown')
    await endOldSession(cookies[options.cookieName], session)

    const answered = attempt.purpose === 'consent' ? await consentedBy(session, attempt, origin) : undefined
    return {
      location: answered?.location ?? attempt.returnTo,
      cookies: [cookieOf(session), ...used, ...remember(session.session.provider, given.refused, origin, cookies)],
    }
  }

  function refusal(
    code: 'attempt_unknown' | 'sign_in_loop',
    attempt: Attempt | undefined,
    used: readonly CookieChange[],
  ): GatewayError {
    audit('sign_in_failed', { purpose: 'hand_over', reason: code })
    const error = new GatewayError(code)
    return attempt === undefined ? error : new AttemptError(error, attempt, used)
  }

  async function consentedBy({ user, session }: NewSession, attempt: Attempt, issuer: string) {
    const provider = providers.get(session.provider)
    const tokens = await store.readTokens(user, session.provider)
    if (provider === undefined || tokens === undefined) return undefined
    return answerConsented(attempt, issuer, { ...identityOf(provider, tokens.set.claims), session: { user } })
  }

  /** A child of a session that is live, and was so still when the child was there for whoever ends it. */
  async function childOf(place: SessionPlace, origin: string): Promise<NewSession | undefined> {
    const parent = await store.readSessionAt(place)
    if (parent === undefined) return undefined
    const child = await store.createChild(parent, origin)
    if ((await store.readSessionAt(place)) !== undefined) return child
    await endings.sessionOnly(child, 'signed out meanwhile')
    return undefined
  }

  /** What this browser had here goes: of the same sign-in this one alone, of another that one everywhere. */
  async function endOldSession(cookie: string | undefined, { name, user }: NewSession): Promise<void> {
    const old = await store.readSession(cookie, []).catch(() => undefined)
    if (old === undefined || !isChild(old.name)) return
    const isSibling = old.user === user && familyOf(old.name) === familyOf(name)
    await (isSibling ? endings.sessionOnly(old, 'handed over again') : endings.session(old, 'signed in again'))
  }

  function cookieOf({ cookie, endsAt }: NewSession): CookieChange {
    return { name: options.cookieName, value: cookie, maxAgeSeconds: Math.max(1, Math.floor((endsAt - now()) / 1000)) }
  }

  function remember(provider: string, refused: readonly string[], origin: string, cookies: Cookies) {
    return refused.length === 0 ? [] : [refusedScopesOn(origin).remember(provider, refused, cookies)]
  }

  return { leave, signInAt, send, receive }
}
