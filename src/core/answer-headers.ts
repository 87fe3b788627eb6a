import { corsHeaders } from './cors.ts'
import { connectionOptions, headerText, isHopByHop, type RawHeaders, varyBy } from './headers.ts'
import { cookieNameOf, isOurCookie } from './our-cookies.ts'
import { rememberedText } from './remembered.ts'
import type { Route } from './route.ts'
import type { Credential } from './upstream-headers.ts'

/** What becomes of an upstream's header. `shared_cache`: for caches that serve many (RFC 9213 and its forerunners). */
type Fate = 'kept' | 'dropped' | 'challenge' | 'cookie' | 'cache' | 'shared_cache' | 'vary' | 'type' | 'buffering'

/** Headers by which one tool could change what the browser does with the others on its host. */
export const refusedFromUpstream = new Set([
  'service-worker-allowed',
  'clear-site-data',
  'alt-svc',
  'nel',
  'report-to',
  'reporting-endpoints',
])

const special = new Map<string, Fate>([
  ['www-authenticate', 'challenge'],
  ['set-cookie', 'cookie'],
  ['cache-control', 'cache'],
  ['surrogate-control', 'shared_cache'],
  ['vary', 'vary'],
  ['content-type', 'type'],
  ['x-accel-buffering', 'buffering'],
])

const maxRemembered = 200

/** The headers of upstreams' answers, as clients get them. */
export function createAnswerHeaders(cookieName: string) {
  const fateOf = rememberedText(maxRemembered, (name): Fate => {
    if (isHopByHop(name) || refusedFromUpstream.has(name) || name.startsWith('access-control-')) return 'dropped'
    return special.get(name) ?? (name.endsWith('cdn-cache-control') ? 'shared_cache' : 'kept')
  })
  const privateControl = rememberedText(maxRemembered, privately)
  const privateVary = rememberedText(maxRemembered, (vary) => varyBy(vary, ['Cookie', 'Authorization']))

  /**
   * The headers for the client, of an answer that came from the upstream of `route` to a request from `origin`. Both as
   * pairs of a name, in lower case, and a value.
   */
  return function answerHeaders(
    upstream: RawHeaders,
    route: Route,
    credential: Credential,
    origin: string | undefined,
  ): string[] {
    // What nobody gets may be another answer than what somebody gets: also of an MCP server's lists.
    const mayDiffer = credential !== 'none' || route.access === 'optional' || route.mcp !== undefined
    const isPrivate = route.cache === 'private' && mayDiffer
    const forOneConnection = connectionOptions(headerText(upstream, 'connection'))
    const headers: string[] = []
    let control = ''
    let vary = ''
    let buffering = ''
    for (let i = 0; i + 1 < upstream.length; i += 2) {
      const name = upstream[i] ?? ''
      const value = upstream[i + 1] ?? ''
      const fate = fateOf(name)
      if (fate === 'dropped' || forOneConnection.includes(name)) continue
      // Of a token that the client never sees. Of its own it has to be told (RFC 9110 section 11.6.1).
      if (fate === 'challenge' && credential === 'stored' && route.inject !== undefined) continue
      if (fate === 'cookie' && isOurCookie(cookieNameOf(value), cookieName)) continue
      if (fate === 'shared_cache' && isPrivate) continue
      if (fate === 'vary') vary = listed(vary, value)
      else if (fate === 'cache' && isPrivate) control = listed(control, value)
      else if (fate === 'buffering') buffering ||= value
      else headers.push(name, value)
      if (fate === 'type' && value.startsWith('text/event-stream')) buffering = 'no'
    }
    if (buffering !== '') headers.push('x-accel-buffering', buffering)
    if (isPrivate) headers.push('cache-control', privateControl(control))
    if (isPrivate) vary = privateVary(vary)
    if (route.cors.origins.length > 0) vary = addCors(headers, vary, route, origin)
    if (vary !== '') headers.push('vary', vary)
    return headers
  }
}

function listed(before: string, value: string): string {
  return before === '' ? value : `${before}, ${value}`
}

/** Gives what `Vary` says with them. */
function addCors(headers: string[], vary: string, { cors }: Route, origin: string | undefined): string {
  const answer = Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, true]] : [])))
  const said = corsHeaders(cors, { origin }, vary === '' ? answer : { ...answer, vary })
  for (const [name, value] of Object.entries(said)) if (name !== 'vary') headers.push(name, value)
  return said.vary ?? vary
}

/** RFC 9111: what was made for one user must not be stored for all. */
function privately(control: string): string {
  const kept = control.split(',').map((directive) => directive.trim())
  if (kept.some((directive) => /^(?:private|no-store)$/i.test(directive))) return control
  const others = kept.filter((directive) => directive !== '' && !/^(?:public|s-maxage)\b/i.test(directive))
  return ['private', ...others].join(', ')
}
