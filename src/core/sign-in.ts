import { type Claims, subjectOf } from './claims.ts'
import type { Endings } from './endings.ts'
import { GatewayError } from './errors.ts'
import type { Audit } from './ports.ts'
import type { ProviderSessions } from './provider-sessions.ts'
import type { ReplaceTokens } from './replace-tokens.ts'
import type { Revoke } from './revoke.ts'
import type { Finished, Returned } from './round-trip.ts'
import { userKey } from './session.ts'
import { newTokenSet } from './token-set.ts'
import type { NewSession, UserStore } from './user-store.ts'

interface SignInOptions {
  readonly store: UserStore
  readonly replaceTokens: ReplaceTokens
  readonly endings: Endings
  readonly providerSessions: Pick<ProviderSessions, 'note'>
  readonly discard: Revoke
  readonly cookieName: string
  /** How long a browser keeps the session cookie. Milliseconds. */
  readonly sessionMs: number
  readonly audit: Audit
}

/** Finishes a sign-in: a new session for the user the provider names. The browser's old session ends. */
export function createSignIn(options: SignInOptions) {
  const { store, replaceTokens, endings, providerSessions, discard, cookieName, sessionMs, audit } = options
  return async function finishSignIn({ attempt, provider, tokens, at, cookies, browser }: Returned): Promise<Finished> {
    const sub = subjectOf(tokens.claims?.[provider.claimNames.user])
    if (!provider.canSignIn || sub === undefined) {
      const owner = `${provider.title} did not say who the user is: the claim "${provider.claimNames.user}" is neither text nor a whole number.`
      throw new GatewayError('provider_refused', { owner })
    }
    const user = await store.userHash(provider.name, sub)
    const set = newTokenSet(tokens, provider, at, 'sign_in')
    // The session first: a sign-out elsewhere must not take the token set for one that nobody uses.
    const session = await store.createSession(user, {
      provider: provider.name,
      sub,
      sid: sidOf(tokens.claims),
      browser,
    })
    await providerSessions.note(session, provider, tokens.claims ?? {})
    const lacking = await replaceTokens(user, set, attempt).catch(async (error) => {
      // Nobody gets this session: it need not stay until it is idle.
      await endings.sessionOnly(session, 'the sign-in failed').catch(() => undefined)
      throw error
    })
    if (lacking !== undefined) {
      await endings.sessionOnly(session, 'signing in again for all scopes')
      discard(user, provider.name, set)
      return lacking
    }
    if ((await store.readSession(session.cookie, [])) === undefined) await leaveNothing(session)
    await endOldSession(cookies[cookieName])
    audit('sign_in', { user: userKey(provider.name, sub), provider: provider.name })
    const cookie = { name: cookieName, value: session.cookie, maxAgeSeconds: Math.floor(sessionMs / 1000) }
    return { location: attempt.returnTo, cookies: [cookie] }
  }

  /** The user signed out everywhere while this went on: what it brought ends, too. Throws `session_ended`. */
  async function leaveNothing(session: NewSession): Promise<never> {
    await endings.session(session, 'signed out meanwhile')
    throw new GatewayError('session_ended')
  }

  async function endOldSession(cookie: string | undefined): Promise<void> {
    // One that cannot be opened is left to whoever has its key; it is no reason to refuse a new one.
    const old = await store.readSession(cookie, []).catch(() => undefined)
    if (old !== undefined) await endings.session(old, 'signed in again')
  }
}

/** The provider's name for its session. */
function sidOf(claims: Claims | undefined): string | undefined {
  return typeof claims?.sid === 'string' ? claims.sid : undefined
}
