import { GatewayError, type GatewayErrorOptions, isEnded } from './errors.ts'
import type { FreshTokens } from './fresh-tokens.ts'
import type { HeldTokens } from './held-records.ts'
import type { Identity } from './identity.ts'
import type { GrantFacts } from './mcp/grant.ts'
import type { Provider } from './provider.ts'
import { missingScopes } from './replace-tokens.ts'
import type { GuardedRoute } from './route.ts'

/** The route's token is of an account that the user has not linked, or no longer, or not for this client. */
export class ConnectionError extends GatewayError {
  override readonly provider: NamedProvider
  readonly user: Identity
  /** The name of the route. */
  readonly route: string
  readonly grant: GrantFacts | undefined

  constructor(route: GuardedRoute, { user, grant }: Asking, provider: NamedProvider) {
    super('connection_required', { provider })
    this.provider = provider
    this.user = user
    this.route = route.name
    this.grant = grant
  }
}

type NamedProvider = NonNullable<GatewayErrorOptions['provider']>

/** Who asks for an upstream's tokens, and what there is. */
interface Asking {
  readonly user: Identity
  /** The client that acts for the user; `undefined`: their browser does. */
  readonly grant?: GrantFacts
  readonly signedIn: HeldTokens
  readonly all: ReadonlyMap<string, HeldTokens>
}

/** The tokens for the upstream: those of the sign-in, or of a connection. Throws ConnectionError, and as FreshTokens. */
export function createUpstreamTokens(freshTokens: FreshTokens, providers: ReadonlyMap<string, Provider>) {
  return async function upstreamTokens(route: GuardedRoute, asking: Asking): Promise<HeldTokens> {
    const { provider: name, scopes } = route
    const { signedIn, all, grant } = asking
    if (name === undefined || name === signedIn.provider) return signedIn
    const required = () => new ConnectionError(route, asking, { name, title: providers.get(name)?.title ?? name })
    const stored = all.get(name)
    if (stored === undefined || grant?.accounts.includes(name) === false) throw required()
    const tokens = await freshTokens(stored).catch((error) => {
      throw isEnded(error) ? required() : error
    })
    // A client cannot ask that provider for more; its user, who links it again, can.
    if (grant !== undefined && missingScopes(scopes, tokens.set.scopes).length > 0) throw required()
    return tokens
  }
}
