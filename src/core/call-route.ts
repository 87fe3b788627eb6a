import { GatewayError } from './errors.ts'
import type { FieldLines } from './field-lines.ts'
import { identityOf } from './identity.ts'
import type { Provider } from './provider.ts'
import type { Route } from './route.ts'
import type { SignIdentity } from './signed-identity.ts'
import type { TokenSet } from './token-set.ts'
import type { Arrival, UpstreamHeaders } from './upstream-headers.ts'

/** Calls a route's upstream with these tokens, as the route would, and gives the status of the answer. */
export type CallRoute = (routeName: string, providerName: string, set: TokenSet) => Promise<number>

interface CallRouteOptions {
  readonly routes: readonly Route[]
  readonly providers: ReadonlyMap<string, Provider>
  readonly upstreamHeaders: UpstreamHeaders
  readonly signIdentity: SignIdentity
  readonly arrival: Arrival
  /** Sends one GET for the route's own path. */
  readonly send: (route: Route, headers: FieldLines) => Promise<number>
}

/** See `CallRoute`. Throws `bad_request` for a route or provider that is not there. */
export function createCallRoute(options: CallRouteOptions): CallRoute {
  const { routes, providers, upstreamHeaders, signIdentity, arrival, send } = options
  return async function callRoute(routeName, providerName, set) {
    const route = routes.find(({ name }) => name === routeName)
    const provider = providers.get(providerName)
    if (route === undefined || provider === undefined) throw new GatewayError('bad_request')
    const user = identityOf(provider, set.claims)
    const signed = route.identity === 'signed' && { signedIdentity: await signIdentity(route, user) }
    const carried = { user, tokens: { set }, ...signed }
    return send(route, upstreamHeaders.forRequest([], route, carried, arrival))
  }
}
