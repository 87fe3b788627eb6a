import { corsHeaders } from './cors.ts'
import {
  connectionOptions,
  foldHeaderName,
  headerList,
  headerText,
  headerValue,
  isHopByHop,
  type RawHeaders,
  varyBy,
} from './headers.ts'
import type { Identity } from './identity.ts'
import { remembered, rememberedText } from './remembered.ts'
import type { GuardedRoute, HeaderTemplate, Route } from './route.ts'
import type { TokenSet } from './token-set.ts'

/** Headers as they are sent: lower-case names, several values where there are several. */
export type Headers = Record<string, string | string[]>

/** What a request carries in a user's name. */
export interface Carried {
  readonly user: Identity
  readonly tokens: { readonly set: Pick<TokenSet, 'accessToken' | 'idToken'> }
  readonly signedIdentity?: string
}

/** What a request brought: something that stands for stored tokens, or the very token of the provider. */
export type Credential = 'none' | 'stored' | 'presented'

/** Where a request came in, for `Forwarded` (RFC 7239) and `X-Forwarded-*`. */
export interface Arrival {
  readonly clientAddress: string
  readonly host: string
  readonly scheme: 'http' | 'https'
}

/** What goes to and comes from upstreams. See `createUpstreamHeaders`. */
export type UpstreamHeaders = ReturnType<typeof createUpstreamHeaders>

const maxIdentityBytes = 8192
/** Far more than browsers and tools have, and few enough to hold when they are as long as they may be. */
const maxNames = 200

/** A client's header, by its name in lower case, and what becomes of it. */
interface HeaderFate {
  readonly name: string
  readonly fate: 'kept' | 'stripped' | 'without_our_cookies' | 'unless_injected'
}

/** Names only we may set, folded; the configured ones are added to them. */
const ours = ['x-forwarded-user', 'x-forwarded-email', 'x-forwarded-groups', 'x-forwarded-preferred-username']
const addresses = ['forwarded', 'x-real-ip', 'x-original-url', 'x-rewrite-url']
/** `Proxy` is no header at all, but CGI would make `HTTP_PROXY` of it (CVE-2016-5385). */
const oursAlways = [...ours, 'x-toolgate-identity', ...addresses, 'proxy']

/** Headers by which one tool could change what the browser does with the others on its host. */
export const refusedFromUpstream = new Set([
  'service-worker-allowed',
  'clear-site-data',
  'alt-svc',
  'nel',
  'report-to',
  'reporting-endpoints',
])

/** Strip, then inject: for all routes the same names are stripped, whichever of them sets one. */
export function createUpstreamHeaders(routes: readonly GuardedRoute[], cookieName: string) {
  const configured = routes.flatMap((route) => [...route.identityHeaders, ...(route.inject ? [route.inject] : [])])
  const stripped = new Set([...oursAlways, ...configured.map(({ name }) => foldHeaderName(name))])
  stripped.delete('authorization')
  const copied = [...ours, 'x-toolgate-identity', ...configured.map(({ name }) => name.toLowerCase())]
  const emptied = Object.fromEntries(copied.filter((name) => name !== 'authorization').map((name) => [name, '']))

  const fateOf = rememberedText(maxNames, (written): HeaderFate => {
    const name = written.toLowerCase()
    const folded = foldHeaderName(name)
    if (folded === 'authorization') return { name, fate: 'unless_injected' }
    const isOurs = name === 'host' || name === 'expect' || stripped.has(folded) || folded.startsWith('x-forwarded-')
    if (isOurs || isHopByHop(name)) return { name, fate: 'stripped' }
    return { name, fate: name === 'cookie' ? 'without_our_cookies' : 'kept' }
  })
  const identityOf = remembered(identity, ({ profile }) => profile)
  const injectedValue = remembered(injected, ({ tokens }) => tokens.set)

  /** What a request carries in a user's name. */
  function inNameOf(carried: Carried | undefined, { identityHeaders, inject }: GuardedRoute): Headers {
    if (carried === undefined) return {}
    const headers = { ...identityOf(identityHeaders, carried.user) }
    if (carried.signedIdentity !== undefined) headers['x-toolgate-identity'] = carried.signedIdentity
    if (inject !== undefined) headers[inject.name.toLowerCase()] = injectedValue(inject, carried)
    return headers
  }

  /** The headers for the upstream, of a request that passed `route` as `carried` says. */
  function forRequest(raw: RawHeaders, route: Route, carried: Carried | undefined, arrival: Arrival): Headers {
    const headers = noHeaders()
    const forOneConnection = connectionOptions(headerText(raw, 'connection'))
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const { name, fate } = fateOf(raw[i] ?? '')
      if (fate === 'stripped' || forOneConnection.includes(name)) continue
      if (fate === 'unless_injected' && route.inject !== undefined) continue
      if (fate === 'without_our_cookies') addCookies(headers, withoutOurs(raw[i + 1] ?? '', cookieName))
      else add(headers, name, raw[i + 1] ?? '')
    }
    headers.host = hostOf(route)
    Object.assign(headers, forwarded(arrival))
    return Object.assign(headers, inNameOf(carried, route))
  }

  /**
   * What a front proxy, which sends the request on itself, has to set in place of what the client sent: the same names
   * for every request of a route, empty where there is nothing to say.
   */
  function forFront(raw: RawHeaders, route: GuardedRoute, carried: Carried | undefined): Headers {
    const cookie = withoutOurs(headerText(raw, 'cookie', ';') ?? '', cookieName)
    const authorization = route.inject === undefined ? {} : { authorization: '' }
    return { ...emptied, ...authorization, cookie, ...inNameOf(carried, route) }
  }

  /** The headers for the client, of an answer that came from the upstream of `route` to a request from `origin`. */
  function forResponse(upstream: Headers, route: Route, credential: Credential, origin: string | undefined): Headers {
    const headers = noHeaders()
    const forOneConnection = connectionOptions(upstream.connection && String(upstream.connection))
    for (const [name, value] of Object.entries(upstream)) {
      if (isHopByHop(name) || forOneConnection.includes(name)) continue
      if (refusedFromUpstream.has(name) || name.startsWith('access-control-')) continue
      // Of a token that the client never sees. Of its own it has to be told (RFC 9110 section 11.6.1).
      if (name === 'www-authenticate' && credential === 'stored' && route.inject !== undefined) continue
      if (name === 'set-cookie') {
        const kept = [value].flat().filter((cookie) => !isOurs(nameOf(cookie), cookieName))
        if (kept.length > 0) headers[name] = kept
      } else headers[name] = value
    }
    if (route.cache === 'private' && (credential !== 'none' || route.access === 'optional')) keepPrivate(headers)
    if (String(headers['content-type']).startsWith('text/event-stream')) headers['x-accel-buffering'] = 'no'
    return Object.assign(headers, corsHeaders(route.cors, { origin }, headers))
  }

  return { forRequest, forFront, forResponse }
}

/** Headers without any: `constructor` is a header name like any other. `Object.create(null)` would be a slow hash table. */
function noHeaders(): Headers {
  return new Bare()
}

const Bare = class {} as new () => Headers
Object.setPrototypeOf(Bare.prototype, null)
Reflect.deleteProperty(Bare.prototype, 'constructor')

function add(headers: Headers, name: string, value: string): void {
  const there = headers[name]
  headers[name] = there === undefined ? value : [there, value].flat()
}

/** A browser sends `=name=value`, set without a name, as `name=value`. */
function nameOf(setCookie: string): string {
  return /^[\s=]*([^=;]*)/.exec(setCookie)?.[1]?.trim() ?? ''
}

/** One `Cookie` header, whatever number of them came (RFC 6265 section 5.4). */
function addCookies(headers: Headers, cookies: string): void {
  if (cookies !== '') headers.cookie = [headers.cookie, cookies].filter(Boolean).join('; ')
}

function isOurs(cookie: string, cookieName: string): boolean {
  return cookie === cookieName || cookie.startsWith(`${cookieName}.`)
}

function withoutOurs(cookieHeader: string, cookieName: string): string {
  const pairs = cookieHeader.split(';').map((pair) => pair.trim())
  return pairs.filter((pair) => pair !== '' && !isOurs(nameOf(pair), cookieName)).join('; ')
}

/** An origin is scheme and host, and nothing else. */
function hostOf({ upstream }: Route): string {
  return upstream.origin.slice(upstream.origin.indexOf('//') + 2)
}

function forwarded({ clientAddress, host, scheme }: Arrival): Headers {
  const node = clientAddress.includes(':') ? `"[${clientAddress}]"` : clientAddress
  return {
    forwarded: `for=${node};host="${host}";proto=${scheme}`,
    'x-forwarded-for': clientAddress,
    'x-forwarded-host': host,
    'x-forwarded-proto': scheme,
  }
}

function injected({ value }: HeaderTemplate, { tokens }: Carried): string {
  return value.render({ access_token: tokens.set.accessToken, id_token: tokens.set.idToken ?? '' })
}

/** Who the user is. A value that cannot stand in a header is left out, and so is what exceeds 8 KB in all. */
function identity(templates: readonly HeaderTemplate[], { key, sub, provider, profile }: Identity): Headers {
  const values: Record<string, string> = {
    user: headerValue(key) ?? '',
    sub: headerValue(sub) ?? '',
    provider,
    email: headerValue(profile.email ?? '') ?? '',
    name: headerValue(profile.name ?? '') ?? '',
    groups: headerList(profile.groups) ?? '',
    preferred_username: headerValue(profile.preferredUsername ?? '') ?? '',
  }
  const headers: Headers = {}
  let bytes = 0
  for (const { name, value } of templates) {
    const rendered = value.names.some((brace) => values[brace] === '') ? '' : value.render(values)
    if (rendered === '' || bytes + rendered.length > maxIdentityBytes) continue
    bytes += rendered.length
    headers[name.toLowerCase()] = rendered
  }
  return headers
}

/** RFC 9111: what was made for one user must not be stored for all, nor by a cache that is told separately (RFC 9213). */
function keepPrivate(headers: Headers): void {
  for (const name of Object.keys(headers)) {
    if (name === 'surrogate-control' || name.endsWith('cdn-cache-control')) delete headers[name]
  }
  const control = String(headers['cache-control'] ?? '')
  const kept = control.split(',').map((directive) => directive.trim())
  if (!kept.some((directive) => /^(?:private|no-store)$/i.test(directive))) {
    const others = kept.filter((directive) => directive !== '' && !/^(?:public|s-maxage)\b/i.test(directive))
    headers['cache-control'] = ['private', ...others].join(', ')
  }
  headers.vary = varyBy(headers.vary, ['Cookie', 'Authorization'])
}
