import type { BackchannelLogout } from '../core/backchannel-logout.ts'
import type { Browsers } from '../core/browsers.ts'
import type { TrustedProxies } from '../core/client.ts'
import type { Connections } from '../core/connections.ts'
import type { Guard } from '../core/guard.ts'
import type { HandOver } from '../core/hand-over.ts'
import type { IdentityKeys } from '../core/identity-keys.ts'
import type { RefusedMessage } from '../core/mcp/audited-refusals.ts'
import type { AuthorizationServer } from '../core/mcp/authorization-server.ts'
import type { Linkings } from '../core/mcp/linking.ts'
import type { RefusedForHost } from '../core/mcp/refused-for-host.ts'
import type { SessionOwners } from '../core/mcp/session-owners.ts'
import type { UserGrants } from '../core/mcp/user-grants.ts'
import type { OpenExchanges } from '../core/open-exchanges.ts'
import type { Asker, Documents } from '../core/ports.ts'
import type { Provider } from '../core/provider.ts'
import type { RefusedTokens } from '../core/refused-token.ts'
import type { RoundTrips } from '../core/round-trip.ts'
import type { Allow, Route } from '../core/route.ts'
import type { RouteTable } from '../core/route-table.ts'
import type { SignInForHost } from '../core/sign-in-for-host.ts'
import type { SignOut } from '../core/sign-out.ts'
import type { AskForScopes } from '../core/step-up.ts'
import type { TestSignIn } from '../core/test-sign-in.ts'
import type { UpstreamClient } from '../core/upstream-client.ts'
import type { UpstreamHeaders } from '../core/upstream-headers.ts'
import type { Site } from './views/layout.ts'

/** Everything the HTTP layer calls, built by `compose`. */
export interface Services {
  readonly table: RouteTable
  /** The proxies in front of us. */
  readonly trustedProxies: TrustedProxies
  readonly guard: Guard
  /** What runs in the course of a request is known by it in the audit. */
  readonly during: <Result>(asker: Asker, run: () => Result) => Result
  readonly roundTrips: RoundTrips
  readonly askForScopes: AskForScopes
  readonly handOver: HandOver
  readonly refusedForHost: RefusedForHost
  readonly signInForHost: SignInForHost
  readonly connections: Connections
  readonly browsers: Browsers
  readonly grants: UserGrants
  readonly linkings: Linkings
  readonly testSignIn: TestSignIn
  readonly signOut: SignOut
  readonly backchannelLogout: BackchannelLogout
  readonly authorizationServer: AuthorizationServer
  readonly documents: Documents
  readonly upstreamHeaders: UpstreamHeaders
  /** What upstreams verify signed identities with. */
  readonly publishedKeys: IdentityKeys['published']
  readonly refusedTokens: RefusedTokens
  readonly refusedMessage: RefusedMessage
  readonly sessionOwners: SessionOwners
  readonly openExchanges: OpenExchanges
  /** What sends requests to a route's upstream. */
  readonly clientOf: (route: Route) => UpstreamClient
  /** By name; the first is the default for sign-in. */
  readonly providers: ReadonlyMap<string, Provider>
}

/** What the HTTP layer knows of the config. */
export interface HttpSettings {
  /** The origin people see. */
  readonly publicUrl: string
  readonly basePath: string
  /** MCP clients are answered at `rootAliases`, too. */
  readonly hasRootAliases: boolean
  /** With its `__Host-` prefix, where it has one. */
  readonly cookieName: string
  readonly site: Site
  /** How often clients are looked at that hear nothing of an event stream of an MCP server. */
  readonly keepAliveMs: number
  /** Who may open the test sign-in. */
  readonly testers: Allow | 'anyone' | 'nobody'
}
