import type { Cors } from './cors.ts'
import type { Template } from './template.ts'

/** Where a route's requests go. */
export interface Upstream {
  /** Scheme, host and port. */
  readonly origin: string
  /** What stands in for the route's prefix, without a slash at its end; `undefined`: the path goes as it came. */
  readonly prefix: string | undefined
  readonly tls: UpstreamTls | undefined
}

/** How an upstream's certificate is checked and what we show it. The texts are PEM. */
export interface UpstreamTls {
  readonly ca: string | undefined
  readonly clientCert: string | undefined
  readonly clientKey: string | undefined
  readonly serverName: string | undefined
  readonly insecure: boolean
}

/** Who may pass: every list that is there must match, and within a list any entry does. */
export interface Allow {
  readonly groups: readonly string[] | undefined
  readonly emails: readonly string[] | undefined
  readonly emailDomains: readonly string[] | undefined
  readonly claims: Readonly<Record<string, unknown>> | undefined
  /** Client IDs. Without this list a token behind which there is no user does not pass. */
  readonly clients: readonly string[] | undefined
}

/** What counts as a credential: our session cookie, or as a bearer a token of ours or an access token of the provider. */
type Credential = 'session' | 'grant' | 'provider_token'

/** What makes a route an MCP server, and what its tools ask for. */
export interface McpRules {
  /** Its resource identifier (RFC 8707 section 2): the address, without a slash at its end. */
  readonly resource: string
  /** `lazy`: what only lists is open without a token. `connect`: nothing is. */
  readonly challenge: 'lazy' | 'connect'
  readonly publicTools: ReadonlySet<string>
  /** What every grant must hold: the route's own scopes are among them. */
  readonly scopes: readonly string[]
  /** What it must hold besides, by tool. */
  readonly toolScopes: ReadonlyMap<string, readonly string[]>
  /** The provider a tool needs connected, by tool. */
  readonly toolProviders: ReadonlyMap<string, string>
}

/** A header we write, its value made of the braces' values. */
export interface HeaderTemplate {
  readonly name: string
  readonly value: Template
}

/**
 * A tool: where it appears, who may pass and what their requests carry. Without an upstream its requests are decided for
 * a front proxy, which sends them on itself. Times in milliseconds.
 */
export interface GuardedRoute {
  readonly name: string
  readonly title: string
  readonly description: string
  /** As in the `Host` header, lower case, without the scheme's default port. */
  readonly host: string
  /** A prefix on a segment boundary, without a slash at its end; the root is the empty string. */
  readonly path: string
  readonly upstream: Upstream | undefined
  readonly access: 'signed_in' | 'optional' | 'public'
  readonly accept: readonly Credential[]
  /** `undefined`: it is no MCP server. */
  readonly mcp: McpRules | undefined
  /** Providers whose identities may enter. */
  readonly signIn: readonly string[]
  /** Whose token is injected; `undefined`: the provider the user signed in with. */
  readonly provider: string | undefined
  /** Must be in the injected token. */
  readonly scopes: readonly string[]
  readonly allow: Allow
  readonly inject: HeaderTemplate | undefined
  readonly identityHeaders: readonly HeaderTemplate[]
  readonly cors: Cors
  /** `shared`: the upstream says for itself which answers may be stored for everybody. */
  readonly cache: 'private' | 'shared'
  /** `signed`: a JWT says who the user is, too. */
  readonly identity: 'none' | 'signed'
  readonly timeouts: { readonly connectMs: number; readonly responseMs: number; readonly idleMs: number }
  readonly maxBodyBytes: number
}

/** A tool whose requests we send on. */
export interface Route extends GuardedRoute {
  readonly upstream: Upstream
}

export function isForwarded(route: GuardedRoute): route is Route {
  return route.upstream !== undefined
}
