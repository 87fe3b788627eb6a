import type { Redirection } from '../departure.ts'
import { GatewayError } from '../errors.ts'
import { displayName, type Identity } from '../identity.ts'
import type { User } from '../passage.ts'
import type { Audit } from '../ports.ts'
import type { Provider } from '../provider.ts'
import { missingScopes, unionOfScopes } from '../replace-tokens.ts'
import type { RoundTrips } from '../round-trip.ts'
import { isAllowed } from '../rules.ts'
import type { CookieChange, Cookies, SealedCookiesOn } from '../sealed-cookies.ts'
import { isEqualSecret, randomId, sha256 } from '../secret.ts'
import type { UserStore } from '../user-store.ts'
import { type AuthorizationRequest, answerTo, approvalOf, refusalTo } from './authorization-request.ts'
import type { Grants } from './grants.ts'
import { OAuthError, type OAuthErrorCode } from './oauth-error.ts'
import type { McpRoute } from './resources.ts'

/** What the consent page asks. */
export interface Asking {
  readonly request: AuthorizationRequest
  /** Proves that this very question was asked of this browser. */
  readonly shown: string
  readonly cookies: readonly CookieChange[]
}

/** An answer to it. */
export interface Consenting {
  readonly request: AuthorizationRequest
  readonly user: User | undefined
  readonly shown: string
  /** Whom to sign in with; `undefined`: whoever is signed in, else the first that may enter. */
  readonly provider: string | undefined
  /** The path and query that ask again. */
  readonly returnTo: string
  readonly cookies: Cookies
}

interface ConsentOptions {
  readonly grants: Pick<Grants, 'issue' | 'list'>
  readonly store: Pick<UserStore, 'readTokens'>
  readonly providers: ReadonlyMap<string, Provider>
  readonly sealedOn: SealedCookiesOn
  readonly cookieName: string
  readonly audit: Audit
}

const cookieSeconds = 3600

/** A user's consent to what a client asks for. See `createConsent`. */
export type Consent = ReturnType<typeof createConsent>

/** All throw `store_unavailable`, and `access_denied` for somebody whom the route does not let in. */
export function createConsent({ grants, store, providers, sealedOn, cookieName, audit }: ConsentOptions) {
  const name = `${cookieName}.c`

  /** A mark of this browser, so that what was shown in one is answered in no other. */
  function markOf({ issuer }: AuthorizationRequest, cookies: Cookies): string | undefined {
    return sealedOn(issuer).read<string>('consent', name, cookies)
  }

  function shownTo(mark: string, request: AuthorizationRequest, user: User | undefined): string {
    return sha256(JSON.stringify([mark, approvalOf(request), user?.key ?? '']))
  }

  /** What to ask; or where to go at once, when this was answered before, or the client wants nobody asked. */
  async function ask(
    request: AuthorizationRequest,
    user: User | undefined,
    cookies: Cookies,
  ): Promise<Asking | Redirection> {
    if (user !== undefined && !mayEnter(request, user)) {
      if (request.isSilent) return refusedTo(request, 'access_denied', 'The user may not use this.')
      throw new GatewayError('access_denied', { signedInAs: displayName(user) })
    }
    if (user !== undefined && isServed(request, user) && (await isRemembered(request, user))) {
      const answered = await answer(request, user)
      if (answered !== undefined) return answered
    }
    if (request.isSilent) {
      return refusedTo(request, 'interaction_required', 'The user has to be asked.')
    }
    const known = markOf(request, cookies)
    const mark = known ?? randomId()
    const kept = known === undefined ? [sealedOn(request.issuer).set('consent', name, mark, cookieSeconds)] : []
    return { request, shown: shownTo(mark, request, user), cookies: kept }
  }

  /**
   * Goes on after a yes: to the client with a code, or first to the provider, when somebody has yet to sign in or has to
   * grant more. `undefined`: something else was shown, or in another browser.
   */
  async function allow(consenting: Consenting, begin: RoundTrips['beginForeseeing']): Promise<Redirection | undefined> {
    const { request, user, shown, returnTo, cookies } = consenting
    const mark = markOf(request, cookies)
    if (mark === undefined || !isEqualSecret(shown, shownTo(mark, request, user))) {
      refused(request, user, 'a consent that was not asked for here')
      return undefined
    }
    if (user !== undefined && !mayEnter(request, user)) return undefined
    if (user !== undefined && isServed(request, user)) return answer(request, user)
    const providerName = user?.provider ?? consenting.provider ?? request.route.signIn[0] ?? ''
    const usual = providers.get(providerName)?.scopes ?? []
    const start = {
      purpose: 'consent',
      provider: providerName,
      ...scopesToAsk(request, providerName, usual, user?.tokens.set.scopes),
      returnTo,
      approval: approvalOf(request),
      ...(user && { session: { user: user.session.user, name: user.session.name } }),
    } as const
    return begin(start, cookies)
  }

  function deny(request: AuthorizationRequest): Redirection {
    refused(request, undefined, 'the user said no')
    return refusedTo(request, 'access_denied', 'The user said no.')
  }

  function refused({ route, client }: AuthorizationRequest, user: Identity | undefined, reason: string): void {
    audit('access_denied', { user: user?.key, route: route.name, client_id: client.id, reason })
  }

  /** Whether the route lets somebody in with this client; each call will be asked the same. */
  function mayEnter(request: AuthorizationRequest, user: Identity): boolean {
    const { route, client } = request
    const isIn = isAllowed(route.allow, { ...user, clientId: client.id })
    if (!isIn) refused(request, user, 'not allowed')
    return isIn
  }

  /** To the client, with a code, or without when nothing of what it asks for was granted. */
  async function answer(request: AuthorizationRequest, user: Consented): Promise<Redirection | undefined> {
    const { provider, sub, session } = user
    const accounts = accountsOf(request.route, provider)
    const linked = await linkedOf(session.user, accounts)
    try {
      const code = await grants.issue({ user: session.user, provider, sub, accounts, linked }, request)
      return code === undefined ? undefined : { location: answerTo(request, { code }), cookies: [] }
    } catch (error) {
      if (error instanceof OAuthError) return refusedTo(request, error.code, error.message)
      throw error
    }
  }

  /** Never for an app on somebody's machine: any other there could ask in its name (RFC 8252 section 8.6). */
  async function isRemembered({ client, redirectUri, redirectKind, route, scopes }: AuthorizationRequest, user: User) {
    if (redirectKind !== 'web') return false
    const accounts = accountsOf(route, user.provider)
    const linked = await linkedOf(user.session.user, accounts)
    const before = await grants.list(user.session.user)
    return before.some(
      ({ grant }) =>
        grant.client.id === client.id &&
        grant.client.name === client.name &&
        grant.redirectUri === redirectUri &&
        grant.resource === route.mcp.resource &&
        missingScopes(scopes, grant.scopes).length === 0 &&
        missingScopes(accounts, grant.accounts).length === 0 &&
        missingScopes(linked, grant.linked).length === 0,
    )
  }

  async function linkedOf(user: string, accounts: readonly string[]): Promise<readonly string[]> {
    const held = await Promise.all(accounts.map((name) => store.readTokens(user, name)))
    return accounts.filter((_, at) => held[at]?.state === 'live')
  }

  return { ask, allow, deny, mayEnter, answer }
}

function refusedTo(request: AuthorizationRequest, code: OAuthErrorCode, message: string): Redirection {
  return { location: refusalTo(request, new OAuthError(code, message)), cookies: [] }
}

/** The providers, besides that of the sign-in, whose accounts the resource uses. */
export function accountsOf({ provider, mcp }: McpRoute, signIn: string | undefined): readonly string[] {
  const used = new Set([...(provider === undefined ? [] : [provider]), ...mcp.toolProviders.values()])
  return [...used].filter((name) => name !== signIn)
}

/** Whose consent it is, in which session's records. */
export type Consented = Pick<User, 'provider' | 'sub'> & { readonly session: Pick<User['session'], 'user'> }

/** Whether the tokens that are there will do: else the provider is asked for more, once somebody said yes. */
function isServed(request: AuthorizationRequest, { provider, tokens }: User): boolean {
  return missingScopes(scopesFrom(provider, request), tokens.set.scopes).length === 0
}

/** What to ask the provider of the sign-in for besides the usual and what is held, and the least that is of any use. */
export function scopesToAsk(
  request: AuthorizationRequest,
  signIn: string,
  usual: readonly string[],
  held: readonly string[] = [],
) {
  const asked = scopesFrom(signIn, request)
  return {
    scopes: unionOfScopes(unionOfScopes(usual, held), asked),
    least: unionOfScopes(usual, neededOf(request.route, asked)),
  }
}

/** What the provider of the sign-in has to grant: nothing, where the tool gets another one's token. */
export function scopesFrom(signIn: string, { route, scopes }: AuthorizationRequest): readonly string[] {
  return (route.provider ?? signIn) === signIn ? scopes : []
}

/** What every call needs, of these. */
function neededOf({ mcp }: McpRoute, scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => mcp.scopes.includes(scope))
}
