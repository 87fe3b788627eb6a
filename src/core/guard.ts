import { bearerOf, verifyBearer } from './bearer.ts'
import { trustedOrigins } from './cors.ts'
import { createDecisions } from './decisions.ts'
import { GatewayError, isEnded } from './errors.ts'
import { createExtendSession } from './extend-session.ts'
import type { FreshTokens } from './fresh-tokens.ts'
import type { HeldTokens } from './held-records.ts'
import { displayName, type Identity, identityOf } from './identity.ts'
import { declaredIn } from './mcp/elicitation.ts'
import { factsOf } from './mcp/grant.ts'
import type { Granted } from './mcp/granted.ts'
import type { McpDemand } from './mcp/message.ts'
import { type Passage, ScopeError, type User } from './passage.ts'
import type { Audit, Clock } from './ports.ts'
import type { Provider } from './provider.ts'
import { remembered } from './remembered.ts'
import { missingScopes } from './replace-tokens.ts'
import type { GuardedRoute, McpRules } from './route.ts'
import { isAllowed } from './rules.ts'
import { cookieStanding, type Origination } from './same-origin.ts'
import { idleTtl } from './session.ts'
import { createUpstreamTokens } from './upstream-tokens.ts'
import type { HeldSession, UserStore } from './user-store.ts'

/** A request, as far as the guard looks at it. */
export interface GuardedRequest extends Origination {
  readonly cookie: string | undefined
}

interface Admitting {
  /** Whether the session lives on by it: unless told otherwise, it does. */
  readonly isUse?: boolean
  /** How recently the store must have confirmed the session. Milliseconds. */
  readonly confirmedWithinMs?: number | undefined
  /** Without one an MCP server's own scopes are asked for. */
  readonly demand?: McpDemand | undefined
}

interface Identifying extends Admitting {
  /** With the tokens as they are, for somebody who only wants to leave. */
  readonly asStored?: boolean
  /** Origins whose pages may use the cookie as ours do. */
  readonly trusted?: readonly string[]
}

interface GuardOptions {
  readonly store: Pick<UserStore, 'touchSession'> & {
    readSession(
      cookie: string,
      providers: readonly string[],
      confirmedWithinMs?: number,
    ): Promise<HeldSession | undefined>
  }
  readonly granted: Granted
  readonly freshTokens: FreshTokens
  readonly isNewest: (tokens: HeldTokens) => boolean
  readonly staysFreshUntil: (tokens: HeldTokens) => number
  readonly providers: ReadonlyMap<string, Provider>
  /** Where sessions are good that say nothing else. */
  readonly publicUrl: string
  readonly idleMs: number
  readonly now: Clock
  readonly audit: Audit
}

/** Decides who passes. See `createGuard`. */
export type Guard = ReturnType<typeof createGuard>

/** Whose token sets a route may need: those that people may sign in with, and the one that is injected. */
function providersOf({ signIn, provider }: GuardedRoute): readonly string[] {
  return provider === undefined || signIn.includes(provider) ? signIn : [...signIn, provider]
}

/** The one place that says who may pass (deny by default). */
export function createGuard(options: GuardOptions) {
  const { store, granted, freshTokens, providers, publicUrl, idleMs, now, audit } = options
  const { extend, extendAt } = createExtendSession({ store, idleMs, now })
  const decisions = createDecisions({ ...options, extendAt })
  const upstreamTokens = createUpstreamTokens(freshTokens, providers)
  const knownIdentity = remembered(identityOf, (claims) => claims)

  /**
   * Lets a request pass a route, or throws. `undefined`: it passes as nobody.
   * Throws `sign_in_required`, `token_required`, `session_ended`, `invalid_token`, `access_denied`,
   * `insufficient_scope`, `connection_required`, `cross_site`, `store_unavailable`, `provider_unavailable`, and
   * ScopeError.
   */
  async function admit(
    route: GuardedRoute,
    request: GuardedRequest,
    admitting: Admitting = {},
  ): Promise<Passage | undefined> {
    if (route.access === 'public') return undefined
    const takesBearer = route.accept.includes('provider_token') || route.mcp !== undefined
    const bearer = takesBearer ? bearerOf(request.headers.authorization) : undefined
    if (bearer !== undefined) {
      return route.mcp === undefined ? admitBearer(route, bearer) : admitGrant(route, route.mcp, bearer, admitting)
    }
    const mayBeNobody = route.access === 'optional' || admitting.demand?.isOpen === true
    if (!route.accept.includes('session')) {
      if (mayBeNobody) return undefined
      throw new GatewayError('token_required')
    }
    const session = await sessionOf(request, providersOf(route), trustedOrigins(route.cors), admitting)
    const decided = session && decisions.find(route, session)
    if (decided !== undefined) return decided
    const user = await userOf(session, admitting).catch((error) => {
      if (mayBeNobody && isEnded(error)) return undefined
      throw error
    })
    if (user === undefined || !route.signIn.includes(user.provider)) {
      if (mayBeNobody) return undefined
      throw new GatewayError(route.mcp === undefined ? 'sign_in_required' : 'token_required')
    }
    requireAllowed(route, user)
    const tokens = await upstreamTokens(route, { user, signedIn: user.tokens, all: user.session.tokens })
    if (missingScopes(route.scopes, tokens.set.scopes).length > 0) {
      throw new ScopeError(route, user, tokens, providers.get(tokens.provider)?.scopes ?? [])
    }
    return decisions.keep(route, user, tokens)
  }

  /** The presented token says who it is and is what goes upstream; nothing stored is looked at. */
  async function admitBearer(route: GuardedRoute, bearer: string): Promise<Passage> {
    const { provider, token } = await verifyBearer(bearer, route, providers)
    const { claims, clientId, scopes, hasUser } = token
    const subject = hasUser ? claims[provider.claimNames.user] : (claims.sub ?? clientId)
    const user = { ...identityOf(provider, { ...claims, [provider.claimNames.user]: subject }), clientId }
    // Nobody can tell two users apart whom the token does not name.
    if (user.sub === '') throw new GatewayError('invalid_token')
    requireAllowed(route, user, hasUser)
    if (missingScopes(route.scopes, scopes).length > 0) {
      throw new GatewayError('insufficient_scope', { scopes: route.scopes, signedInAs: displayName(user) })
    }
    return { user, tokens: { presented: true, set: { accessToken: bearer, idToken: undefined } } }
  }

  /** A client acts for a user: with that user's tokens, as far as the user allowed. */
  async function admitGrant(
    route: GuardedRoute,
    mcp: McpRules,
    accessToken: string,
    { isUse = true, confirmedWithinMs, demand }: Admitting,
  ): Promise<Passage> {
    const presented = { accessToken, resource: mcp.resource, providers: providersOf(route) }
    const opensPages = demand && declaredIn(demand)
    const held = await granted({ ...presented, wasGood: !isUse, confirmedWithinMs, opensPages })
    const stored = held?.tokens.get(held.grant.provider)
    const provider = providers.get(held?.grant.provider ?? '')
    if (held === undefined || stored === undefined || provider === undefined || !route.signIn.includes(provider.name)) {
      throw new GatewayError('invalid_token')
    }
    const signedIn = await freshTokens(stored).catch((error) => {
      throw isEnded(error) ? new GatewayError('invalid_token') : error
    })
    const { id, grant } = held
    const user = { ...knownIdentity(provider, signedIn.set.claims), clientId: grant.client.id }
    requireAllowed(route, user)
    const scopes = demand?.scopes ?? mcp.scopes
    // The upstream's token may hold more than the user allowed, or by now less.
    requireScopes(scopes, grant.scopes)
    const facts = factsOf(id, grant)
    const tokens = await upstreamTokens(route, { user, grant: facts, signedIn, all: held.tokens })
    requireScopes(route.scopes, tokens.set.scopes)
    return { user, tokens, grant: facts }

    function requireScopes(needed: readonly string[], held: readonly string[]): void {
      if (missingScopes(needed, held).length === 0) return
      throw new GatewayError('insufficient_scope', { scopes, signedInAs: displayName(user) })
    }
  }

  function requireAllowed({ name, allow }: GuardedRoute, user: Identity, hasUser = true): void {
    if ((hasUser || allow.clients !== undefined) && isAllowed(allow, user)) return
    audit('access_denied', { user: user.key, route: name })
    throw new GatewayError('access_denied', { signedInAs: displayName(user) })
  }

  /**
   * The user a request's session cookie stands for, with sign-in tokens that are good now; `undefined` for nobody.
   * Throws `session_ended` when the provider ended the sign-in, else as `admit`.
   */
  async function identify(
    request: GuardedRequest,
    providerNames: readonly string[],
    { trusted = [], ...identifying }: Identifying = {},
  ): Promise<User | undefined> {
    return userOf(await sessionOf(request, providerNames, trusted, identifying), identifying)
  }

  /** The session that a request's cookie names, unless the cookie says nothing about this request. */
  async function sessionOf(
    request: GuardedRequest,
    providerNames: readonly string[],
    trusted: readonly string[],
    { confirmedWithinMs }: Admitting,
  ): Promise<HeldSession | undefined> {
    if (request.cookie === undefined) return undefined
    const standing = cookieStanding(request, trusted)
    if (standing === 'refused') throw new GatewayError('cross_site')
    if (standing === 'ignored') return undefined
    const session = await store.readSession(request.cookie, providerNames, confirmedWithinMs)
    // Browsers send a cookie to all ports of a host; and nobody is to carry one from host to host.
    return (session?.session.origin ?? publicUrl) === request.origin ? session : undefined
  }

  /** Whose session it is, with sign-in tokens that are good now. */
  async function userOf(
    session: HeldSession | undefined,
    { asStored = false, isUse = true }: Identifying,
  ): Promise<User | undefined> {
    const stored = session?.tokens.get(session.session.provider)
    const provider = providers.get(session?.session.provider ?? '')
    if (session === undefined || stored === undefined || provider === undefined) return undefined
    const tokens = asStored ? stored : await freshTokens(stored)
    if (isUse) extend(session)
    const sessionEndsAt = now() + idleTtl(session.session, { idleMs }, now())
    return { ...knownIdentity(provider, tokens.set.claims), session, sessionEndsAt, tokens }
  }

  return { admit, identify }
}
