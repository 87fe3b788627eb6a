import type { Attempt, Attempts, CookieChange, Cookies } from './attempt.ts'
import { GatewayError } from './errors.ts'
import type { Audit, Clock } from './ports.ts'
import { type Provider, ProviderError, type ProviderTokens } from './provider.ts'
import type { Revoke } from './revoke.ts'
import { codeChallenge, isEqualSecret, randomId } from './secret.ts'
import { expiryOf, type TokenSet } from './token-set.ts'
import type { HeldSession, UserStore } from './user-store.ts'

/** Where the browser goes next, and the cookies it takes along. */
export interface Redirection {
  readonly location: string
  readonly cookies: readonly CookieChange[]
}

interface SignInOptions {
  readonly store: UserStore
  readonly attempts: Attempts
  readonly providers: ReadonlyMap<string, Provider>
  readonly revoke: Revoke
  readonly cookieName: string
  /** How long a browser keeps the session cookie. Milliseconds. */
  readonly sessionMs: number
  readonly claimsMaxAgeMs: number
  readonly now: Clock
  readonly audit: Audit
}

/** The two halves of signing in. See `createSignIn`. */
export type SignIn = ReturnType<typeof createSignIn>

const loopWindowMs = 60_000
const loopLimit = 3
const maxParameterLength = 4096

/** A sign-in that could not be finished, with the address it was for, so that a page can offer to try again. */
export class SignInError extends GatewayError {
  readonly returnTo: string
  readonly cookies: readonly CookieChange[]

  constructor(error: GatewayError, returnTo: string, cookies: readonly CookieChange[]) {
    super(error.code, { cause: error.cause, ...(error.owner && { owner: error.owner }) })
    this.returnTo = returnTo
    this.cookies = cookies
  }
}

/** Signing in (OAuth 2.0 authorization code with PKCE, OpenID Connect): begin leaves for the provider, complete returns. */
export function createSignIn(options: SignInOptions) {
  const { store, attempts, providers, revoke, cookieName, claimsMaxAgeMs, now, audit } = options

  /** Starts an attempt. `returnTo` must be safe. Throws `bad_request` for a provider that is not there. */
  function begin(providerName: string, returnTo: string, cookies: Cookies, restarted = false): Redirection {
    const provider = providers.get(providerName)
    if (provider === undefined) throw new GatewayError('bad_request')
    const id = randomId()
    const attempt: Attempt = {
      purpose: 'sign_in',
      provider: provider.name,
      nonce: randomId(),
      codeVerifier: randomId(),
      returnTo,
      startedAt: now(),
      restarted,
    }
    return {
      location: provider.authorizationUrl({
        state: id,
        nonce: attempt.nonce,
        codeChallenge: codeChallenge(attempt.codeVerifier),
      }),
      cookies: attempts.keep(id, attempt, cookies),
    }
  }

  /**
   * Ends an attempt of this browser at this provider's callback. Throws GatewayError `attempt_unknown` for any other,
   * and SignInError when the provider or the store fails it.
   */
  async function complete(providerName: string, query: URLSearchParams, cookies: Cookies): Promise<Redirection> {
    const state = single(query, 'state')
    if (state === undefined) throw new GatewayError('attempt_unknown')
    const attempt = attempts.find(state, cookies)
    if (attempt === undefined) return afterUse(providerName, state, cookies)
    if (attempt.provider !== providerName) throw new GatewayError('attempt_unknown')

    // Before the code is spent: while the store is away, the page that says so can be loaded again until it is back.
    await store.ping()
    const used = attempts.use(state, attempt, cookies)
    try {
      if (attempt.expired) return restart(attempt, providerName, cookies, used)
      if (isLooping(attempt, cookies)) throw new GatewayError('sign_in_loop')
      return await finish(attempt, query, cookies, used)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      audit('sign_in_failed', { provider: providerName, reason: error.code, detail: causeOf(error) })
      // The code may still be good: the page that says so is loaded again and tries it again.
      throw new SignInError(error, attempt.returnTo, error.code === 'provider_unavailable' ? [] : used)
    }
  }

  /** The back button, or a callback opened again: on to where it led when signed in, otherwise once more from the start. */
  async function afterUse(providerName: string, id: string, cookies: Cookies): Promise<Redirection> {
    const use = attempts.usedAttempts(cookies).find((entry) => isEqualSecret(entry.id, id))
    if (use === undefined) throw new GatewayError('attempt_unknown')
    const session = await store.readSession(cookies[cookieName], [])
    if (session !== undefined) return { location: use.returnTo, cookies: [] }
    return restart(use, providerName, cookies, [])
  }

  function restart(
    past: { readonly returnTo: string; readonly restarted: boolean },
    provider: string,
    cookies: Cookies,
    changes: readonly CookieChange[],
  ): Redirection {
    if (past.restarted) throw new GatewayError('attempt_unknown')
    const { location, cookies: kept } = begin(provider, past.returnTo, cookies, true)
    return { location, cookies: [...changes, ...kept] }
  }

  function isLooping({ returnTo }: Attempt, cookies: Cookies): boolean {
    const since = now() - loopWindowMs
    const uses = attempts.usedAttempts(cookies).filter((use) => use.returnTo === returnTo && use.usedAt > since)
    return uses.length >= loopLimit - 1
  }

  async function finish(
    attempt: Attempt,
    query: URLSearchParams,
    cookies: Cookies,
    used: readonly CookieChange[],
  ): Promise<Redirection> {
    const provider = providers.get(attempt.provider)
    if (provider === undefined) throw new GatewayError('attempt_unknown')
    const code = codeFrom(query, provider)
    const sentAt = now()
    const tokens = await provider
      .exchange({ code, codeVerifier: attempt.codeVerifier, nonce: attempt.nonce })
      .catch((error) => {
        throw translated(error, provider)
      })
    const cookie = await signedIn(provider, tokens, sentAt, cookies)
    const session = { name: cookieName, value: cookie, maxAgeSeconds: Math.floor(options.sessionMs / 1000) }
    return { location: attempt.returnTo, cookies: [...used, session] }
  }

  /** Stores what a sign-in brought and gives the cookie of the new session. The browser's old session ends. */
  async function signedIn(
    provider: Provider,
    tokens: ProviderTokens & { readonly claims: TokenSet['claims'] },
    at: number,
    cookies: Cookies,
  ): Promise<string> {
    const sub = String(tokens.claims[provider.claimNames.user] ?? '')
    if (sub === '') throw refusal(provider, `the claim "${provider.claimNames.user}" is empty`)
    const user = await store.userHash(provider.name, sub)
    // The session first: a sign-out elsewhere must not take the token set for one that nobody uses.
    const cookie = await store.createSession(user, { provider: provider.name, sub })
    await replaceTokens(user, provider, {
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      idToken: tokens.idToken,
      scopes: tokens.scopes,
      claims: tokens.claims,
      client: provider.client,
      obtainedAt: at,
      expiresAt: expiryOf(tokens.expiresInSeconds, at, claimsMaxAgeMs),
      endsAt: at + provider.refreshLifetimeMs,
    })
    const old = await store.readSession(cookies[cookieName], [])
    if (old !== undefined) await endOld(old, cookies)
    audit('sign_in', { user: `${provider.name}:${sub}`, provider: provider.name })
    return cookie
  }

  /** One copy per user and provider: the new set takes the place of the stored one, whose refresh token is revoked. */
  async function replaceTokens(user: string, provider: Provider, set: TokenSet): Promise<void> {
    for (;;) {
      const current = await store.readTokens(user, provider.name)
      const condition = current === undefined ? { new: true as const } : { version: current.version }
      const written = await store.writeTokens(user, provider.name, set, condition)
      if (written === undefined) continue
      if (current !== undefined) revoke(provider.name, current.set)
      return
    }
  }

  async function endOld({ session }: HeldSession, cookies: Cookies): Promise<void> {
    const ended = await store.endSession(cookies[cookieName], session.provider, 'signed in again')
    for (const { provider, set } of ended) revoke(provider, set)
  }

  return { begin, complete }
}

/** A parameter that is there once and not absurdly long. */
function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  return values.length === 1 && values[0] && values[0].length <= maxParameterLength ? values[0] : undefined
}

function codeFrom(query: URLSearchParams, provider: Provider): string {
  const iss = query.get('iss')
  // RFC 9207: an answer of another server than the one we asked is a mix-up.
  if (iss !== null && iss !== provider.issuer) throw refusal(provider, 'the answer came from another issuer')
  const error = single(query, 'error')
  if (error !== undefined)
    throw refusal(provider, [error, single(query, 'error_description')].filter(Boolean).join(': '))
  const code = single(query, 'code')
  if (code === undefined) throw new GatewayError('bad_request')
  return code
}

function refusal(provider: Provider, detail: string): GatewayError {
  return new GatewayError('provider_refused', { owner: `${provider.title} answered "${detail}".` })
}

function translated(error: unknown, provider: Provider): unknown {
  if (!(error instanceof ProviderError)) return error
  if (error.failure === 'unavailable') return new GatewayError('provider_unavailable', { cause: error })
  const detail = [error.error ?? error.failure, error.description].filter(Boolean).join(': ')
  return new GatewayError('provider_refused', { cause: error, owner: `${provider.title} answered "${detail}".` })
}

function causeOf(error: GatewayError): string | undefined {
  return error.owner ?? (error.cause instanceof Error ? error.cause.message : undefined)
}
