import { type FieldLines, type FieldStart, fieldLines, fieldStart, joined, withLine } from './field-lines.ts'
import {
  connectionOptions,
  foldHeaderName,
  headerList,
  headerText,
  headerValue,
  isHopByHop,
  type RawHeaders,
} from './headers.ts'
import type { Identity } from './identity.ts'
import { withoutOurCookies } from './our-cookies.ts'
import { rememberedText } from './remembered.ts'
import type { GuardedRoute, HeaderTemplate, Route } from './route.ts'
import type { TokenSet } from './token-set.ts'

/** Headers by name, in lower case. */
type Headers = Record<string, string>

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

/** The lines that a token set and these claims make on a route. */
interface CarriedLines {
  readonly profile: Identity['profile']
  readonly lines: FieldLines
}

/** What goes to upstreams. See `createUpstreamHeaders`. */
export type UpstreamHeaders = ReturnType<typeof createUpstreamHeaders>

const maxIdentityBytes = 8192
/** Far more than browsers and tools have, and few enough to hold when they are as long as they may be. */
const maxNames = 200

/** A client's header, by its name in lower case, and what becomes of it. */
type HeaderFate = { readonly name: string } & (
  | { readonly fate: 'stripped' }
  | { readonly fate: 'without_our_cookies' }
  | { readonly fate: 'kept' | 'unless_injected'; readonly start: FieldStart }
)

/** Names only we may set, folded; the configured ones are added to them. */
const ours = ['x-forwarded-user', 'x-forwarded-email', 'x-forwarded-groups', 'x-forwarded-preferred-username']
const addresses = ['forwarded', 'x-real-ip', 'x-original-url', 'x-rewrite-url']
/** `Proxy` is no header at all, but CGI would make `HTTP_PROXY` of it (CVE-2016-5385). */
const oursAlways = [...ours, 'x-toolgate-identity', ...addresses, 'proxy']
/** The client of the upstream says how a body is framed, and how it begins. */
const saidElsewhere = new Set(['host', 'content-length', 'expect'])

const cookieStart = fieldStart('cookie')
const signedStart = fieldStart('x-toolgate-identity')
const forwardedStart = fieldStart('forwarded')
const [forStart, hostStart, protoStart] = [
  fieldStart('x-forwarded-for'),
  fieldStart('x-forwarded-host'),
  fieldStart('x-forwarded-proto'),
] as const

/** Strip, then inject: for all routes the same names are stripped, whichever of them sets one. */
export function createUpstreamHeaders(routes: readonly GuardedRoute[], cookieName: string) {
  const configured = routes.flatMap((route) => [...route.identityHeaders, ...(route.inject ? [route.inject] : [])])
  const stripped = new Set([...oursAlways, ...configured.map(({ name }) => foldHeaderName(name))])
  const copied = [...ours, 'x-toolgate-identity', ...configured.map(({ name }) => name.toLowerCase())]
  const emptied = Object.fromEntries(copied.filter((name) => name !== 'authorization').map((name) => [name, '']))

  const fateOf = rememberedText(maxNames, (written): HeaderFate => {
    const name = written.toLowerCase()
    const folded = foldHeaderName(name)
    if (folded === 'authorization') return { name, fate: 'unless_injected', start: fieldStart(name) }
    const isOurs = saidElsewhere.has(name) || stripped.has(folded) || folded.startsWith('x-forwarded-')
    if (isOurs || isHopByHop(name)) return { name, fate: 'stripped' }
    return name === 'cookie' ? { name, fate: 'without_our_cookies' } : { name, fate: 'kept', start: fieldStart(name) }
  })
  const hostOf = rememberedText(routes.length, (origin) => fieldLines(['host', origin.slice(origin.indexOf('//') + 2)]))
  const linesOf = new WeakMap<GuardedRoute, WeakMap<object, CarriedLines>>()

  /** What a request carries in a user's name, written once for all requests with the same tokens and the same claims. */
  function carriedLines(route: GuardedRoute, carried: Carried): FieldLines {
    const { tokens, user, signedIdentity } = carried
    const ofRoute = linesOf.get(route) ?? new WeakMap<object, CarriedLines>()
    let known = ofRoute.get(tokens.set)
    if (known?.profile !== user.profile) {
      known = { profile: user.profile, lines: fieldLines(carriedBy(carried, route)) }
      linesOf.set(route, ofRoute.set(tokens.set, known))
    }
    return signedIdentity === undefined ? known.lines : withLine(known.lines, signedStart, signedIdentity)
  }

  /**
   * The headers for the upstream, of a request that passed `route` as `carried` says. How the body is framed is not
   * among them.
   */
  function forRequest(raw: RawHeaders, route: Route, carried: Carried | undefined, arrival: Arrival): FieldLines {
    let lines = hostOf(route.upstream.origin)
    const forOneConnection = connectionOptions(headerText(raw, 'connection'))
    let cookies = ''
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const header = fateOf(raw[i] ?? '')
      if (header.fate === 'stripped' || forOneConnection.includes(header.name)) continue
      // A token of ours is for nobody else (MCP, Token Handling).
      if (header.fate === 'unless_injected' && (route.inject !== undefined || route.mcp !== undefined)) continue
      const value = raw[i + 1] ?? ''
      if (header.fate !== 'without_our_cookies') lines = withLine(lines, header.start, value)
      else cookies = [cookies, withoutOurCookies(value, cookieName)].filter(Boolean).join('; ')
    }
    // One `Cookie` header, whatever number of them came (RFC 6265 section 5.4).
    if (cookies !== '') lines = withLine(lines, cookieStart, cookies)
    lines = withForwarded(lines, arrival)
    return carried === undefined ? lines : joined(lines, carriedLines(route, carried))
  }

  /**
   * What a front proxy, which sends the request on itself, has to set in place of what the client sent: the same names
   * for every request of a route, empty where there is nothing to say.
   */
  function forFront(raw: RawHeaders, route: GuardedRoute, carried: Carried | undefined): Headers {
    const cookie = withoutOurCookies(headerText(raw, 'cookie', ';') ?? '', cookieName)
    const authorization = route.inject === undefined ? {} : { authorization: '' }
    const said = carried === undefined ? [] : carriedBy(carried, route)
    const signed = carried?.signedIdentity === undefined ? {} : { 'x-toolgate-identity': carried.signedIdentity }
    return { ...emptied, ...authorization, cookie, ...signed, ...fromPairs(said) }
  }

  return { forRequest, forFront }
}

function fromPairs(pairs: RawHeaders): Headers {
  return Object.fromEntries(pairs.flatMap((name, i) => (i % 2 === 0 ? [[name, pairs[i + 1] ?? '']] : [])))
}

function withForwarded(lines: FieldLines, { clientAddress, host, scheme }: Arrival): FieldLines {
  const node = clientAddress.includes(':') ? `"[${clientAddress}]"` : clientAddress
  const named = withLine(lines, forwardedStart, `for=${node};host="${host}";proto=${scheme}`)
  return withLine(withLine(withLine(named, forStart, clientAddress), hostStart, host), protoStart, scheme)
}

/** Pairs of name and value that a request carries in a user's name, but for the signed identity. */
function carriedBy({ user, tokens: { set } }: Carried, { identityHeaders, inject }: GuardedRoute): readonly string[] {
  const identified = identity(identityHeaders, user)
  if (inject === undefined) return identified
  const token = inject.value.render({ access_token: set.accessToken, id_token: set.idToken ?? '' })
  return [...identified, inject.name.toLowerCase(), token]
}

/**
 * Who the user is, as pairs of name and value. A value that cannot stand in a header is left out, and so is what exceeds
 * 8 KB in all.
 */
function identity(templates: readonly HeaderTemplate[], { key, sub, provider, profile }: Identity): readonly string[] {
  const values: Record<string, string> = {
    user: headerValue(key) ?? '',
    sub: headerValue(sub) ?? '',
    provider,
    email: headerValue(profile.email ?? '') ?? '',
    name: headerValue(profile.name ?? '') ?? '',
    groups: headerList(profile.groups) ?? '',
    preferred_username: headerValue(profile.preferredUsername ?? '') ?? '',
  }
  const headers: string[] = []
  let bytes = 0
  for (const { name, value } of templates) {
    const rendered = value.names.some((brace) => values[brace] === '') ? '' : value.render(values)
    if (rendered === '' || bytes + rendered.length > maxIdentityBytes) continue
    bytes += rendered.length
    headers.push(name.toLowerCase(), rendered)
  }
  return headers
}
