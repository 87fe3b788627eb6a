import { canonicalTarget, originForm, type RequestTarget } from '../core/canonical-path.ts'
import { trustedOrigins } from '../core/cors.ts'
import { GatewayError } from '../core/errors.ts'
import { originOf } from '../core/hosts.ts'
import { isReserved } from '../core/reserved.ts'
import { signInPath } from '../core/return-to.ts'
import { type GuardedRoute, isForwarded } from '../core/route.ts'
import { createRouteTable, type RouteTable } from '../core/route-table.ts'
import { addressOf, factsOf } from './route-facts.ts'
import { UsageError } from './run.ts'

/** What the gateway would do with a request; keys that do not apply are left out. */
export interface Explanation {
  readonly request: string
  /** The canonical path, which decides the route. */
  readonly path?: string
  readonly route?: string
  readonly why: string
  readonly access?: string
  readonly accept?: readonly string[]
  readonly who_may_pass?: string
  readonly session_cookie?: string
  /** The answer to a browser, or to anything else, that has not signed in. */
  readonly anonymous_browser: string
  readonly anonymous_client: string
  readonly token_of?: string
  /** Set on the way to the upstream: names and templates, never values. */
  readonly headers?: readonly string[]
  readonly upstream?: string
}

interface Gateway {
  readonly routes: readonly GuardedRoute[]
  readonly publicUrl: string
  readonly basePath: string
}

/** Explains one request without making it. `url` may be a path on `publicUrl`. Throws UsageError when it is no address. */
export function explainRequest(gateway: Gateway, method: string, url: string): Explanation {
  const { publicUrl, basePath } = gateway
  const { host, target } = sentFor(url, publicUrl)
  const request = `${method} ${host}${target}`
  const table = createRouteTable(gateway.routes, new URL(publicUrl).host, basePath)
  try {
    if (!table.serves(host)) throw new GatewayError('host_unknown')
    const canonical = canonicalTarget(target)
    if (isReserved(canonical.path, basePath)) {
      const answer = 'by the gateway itself'
      const why = 'The path is reserved: no route covers it.'
      return { request, path: canonical.path, why, anonymous_browser: answer, anonymous_client: answer }
    }
    const route = table.match(host, canonical.path)
    if (route !== undefined) return { request, ...matched(route, method, canonical, table, gateway) }
    if (canonical.path !== '/') throw new GatewayError('route_not_found')
    const answer = `302 to ${publicUrl}${basePath}/`
    const why = 'No route covers /, so it leads to the home page.'
    return { request, path: '/', why, anonymous_browser: answer, anonymous_client: answer }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { request, why: error.message + hint(error, table, host), ...answers(error) }
  }
}

/** Host and request target as a client sends them that mends nothing: a bad path must stay one. A fragment is not sent. */
function sentFor(url: string, publicUrl: string): { readonly host: string; readonly target: string } {
  const absolute = (url.startsWith('/') ? publicUrl + url : url).replace(/#.*/, '')
  const { target, host: authority } = originForm(absolute)
  const host = authority && URL.parse(`${absolute.slice(0, absolute.indexOf(':'))}://${authority}`)?.host
  if (!host) throw new UsageError(`"${url}" is no address: write https://HOST/PATH, or /PATH alone.`)
  return { host, target }
}

function matched(
  route: GuardedRoute,
  method: string,
  target: RequestTarget,
  table: RouteTable,
  { publicUrl, basePath }: Gateway,
): Omit<Explanation, 'request'> {
  const { name, access, accept, who_may_pass, token_of, inject, identity_headers } = factsOf(route)
  const isSafe = method === 'GET' || method === 'HEAD'
  const headers = [inject, ...identity_headers].filter((header) => header !== 'none')
  const takesSession = route.accept.includes('session')
  const pages = ['of the same origin', ...trustedOrigins(route.cors)].join(' or ')
  const passed = access === 'signed_in' ? undefined : 'passed on as nobody'
  const upstream = addressOf(route, target)
  const signIn = originOf(route, publicUrl) + signInPath(basePath, target.path + target.search)
  const leaving = isForwarded(route)
    ? `302 to ${signIn}`
    : `401 with Location ${signIn}, or a 302 there where the front proxy asks with unauthenticated=redirect`
  const browser = isSafe ? leaving : '401 sign_in_required, a page that leads to sign-in; nothing is sent again'
  return {
    path: target.path,
    route: name,
    why: why(route, table, basePath),
    access,
    accept,
    who_may_pass,
    ...(!isSafe && access !== 'public' && takesSession && { session_cookie: `counts only from pages ${pages}` }),
    anonymous_browser: passed ?? (takesSession ? browser : '401 token_required, a page'),
    anonymous_client:
      passed ??
      (takesSession ? '401 sign_in_required, problem JSON with sign_in_url' : '401 token_required, problem JSON'),
    token_of,
    headers,
    upstream: upstream === undefined ? 'none: a front proxy sends the request on' : `${method} ${upstream}`,
  }
}

/** Names the route that would match if this one were not there. */
function why(route: GuardedRoute, { routes }: RouteTable, basePath: string): string {
  const others = createRouteTable(
    routes.filter((other) => other !== route),
    route.host,
    basePath,
  )
  const next = others.match(route.host, route.path || '/')
  const reason = `${route.path || '/'} is the longest prefix that covers the path`
  return next === undefined ? `${reason}.` : `${reason}; without it: ${next.name} (${next.path || '/'}).`
}

function hint({ code }: GatewayError, { routes }: RouteTable, host: string): string {
  if (code === 'host_unknown') return ' It serves the hosts of public_url and of its routes.'
  if (code !== 'route_not_found') return ''
  const prefixes = routes.filter((route) => route.host === host).map(({ path }) => path)
  return ` Routes on this host: ${prefixes.join(', ') || 'none'}.`
}

function answers({ status, code }: GatewayError) {
  return { anonymous_browser: `${status} ${code}, a page`, anonymous_client: `${status} ${code}, problem JSON` }
}
