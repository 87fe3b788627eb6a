import type { Start } from './departure.ts'
import { GatewayError } from './errors.ts'
import type { HeldTokens } from './held-records.ts'
import { displayName, type Identity } from './identity.ts'
import type { GrantFacts } from './mcp/grant.ts'
import { missingScopes, unionOfScopes } from './replace-tokens.ts'
import type { GuardedRoute } from './route.ts'
import type { TokenSet } from './token-set.ts'
import type { HeldSession } from './user-store.ts'

/** A signed-in user, as far as requests and pages need to know. */
export interface User extends Identity {
  readonly session: HeldSession
  /** When the session ends unless it is used again. Milliseconds since the epoch. */
  readonly sessionEndsAt: number
  /** The sign-in token set, usable now. */
  readonly tokens: HeldTokens
}

/** Who passes a route, and with whose tokens. */
export interface Passage {
  readonly user: Identity
  /** What is injected: of the user's stored token set, or the very token that was presented, which nothing renews. */
  readonly tokens: HeldTokens | PresentedTokens
  /** What an MCP client may do in the user's name, where it was a token of ours that came. */
  readonly grant?: GrantFacts
  /** The user as a JWT, on routes with `identity: signed`. */
  readonly signedIdentity?: string
}

/** A token that its bearer keeps. */
interface PresentedTokens {
  readonly presented: true
  readonly set: Pick<TokenSet, 'accessToken' | 'idToken'>
}

/** A token lacks scopes that the route needs: what to ask the provider for, and on whose behalf. */
export class ScopeError extends GatewayError {
  readonly start: Omit<Start, 'returnTo'>
  readonly missing: readonly string[]

  /** `usual` is what every sign-in asks for: not all of it need be among what the provider says it granted. */
  constructor(route: GuardedRoute, user: User, { provider, set }: HeldTokens, usual: readonly string[]) {
    super('insufficient_scope', { scopes: route.scopes, signedInAs: displayName(user) })
    this.missing = missingScopes(route.scopes, set.scopes)
    this.start = {
      purpose: 'step_up',
      provider,
      scopes: unionOfScopes(usual, unionOfScopes(set.scopes, route.scopes)),
      session: { user: user.session.user, name: user.session.name },
    }
  }
}
