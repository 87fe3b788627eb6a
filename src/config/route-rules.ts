import { foldHeaderName } from '../core/headers.ts'
import { isLoopback } from '../core/loopback.ts'
import { reservedWellKnown } from '../core/reserved.ts'
import { childPath, type Findings } from './findings.ts'
import { checkHost, warnOfSharedHost } from './host-rules.ts'
import { isHttpsOrLoopback, parseUrl } from './leaves.ts'
import { canSignIn, hasIdToken, hasIssuer, openTitle } from './provider-rules.ts'
import { routeOrigin } from './route-origin.ts'
import type { Draft } from './schema.ts'

export type DraftRoute = NonNullable<NonNullable<Draft['routes']>[number]>

/** The rules over the keys of each route, and between routes. */
export function checkRoutes(draft: Draft, findings: Findings): void {
  const { routes = [], providers, base_path } = draft
  for (const [index, route] of routes.entries()) {
    if (route === undefined) continue
    const path = childPath('routes', index)
    checkUnique(routes.slice(0, index), route, draft, path, findings)
    checkHost(route, draft, path, findings)
    checkReserved(route, base_path, path, findings)
    checkProviderNames(route, providers, path, findings)
    checkAccess(route, path, findings)
    checkUpstream(route, path, findings)
    checkListener(route, draft, path, findings)
    checkTls(route, path, findings)
    checkHeaders(route, path, findings)
    checkCors(route, path, findings)
    checkIdToken(route, providers, path, findings)
    checkAccept(route, providers, path, findings)
    warnOfPlainHttp(route, path, findings)
    warnOfSharedHost(route, draft, path, findings)
    warnOfOpenDoor(route, providers, path, findings)
  }
  checkDefaultSignIn(draft, findings)
  if (draft.routes?.length === 0) findings.warning('routes', 'there are none, so nothing is behind the gateway yet')
}

const connectOnly =
  'can only be connected; nobody signs in with it unless it has userinfo_endpoint and subject, add them or name another'

/** Said once, at the provider, however many routes rely on it. */
function checkDefaultSignIn({ providers = {}, routes = [] }: Draft, { problem }: Findings): void {
  const [first] = Object.entries(providers)
  if (first === undefined || canSignIn(first[1])) return
  const reliesOnFirst = (route: DraftRoute | undefined) =>
    route !== undefined && route.access !== 'public' && !('sign_in' in route)
  if (!routes.some(reliesOnFirst)) return
  problem(
    childPath('providers', first[0]),
    'is the first, so the default for sign-in, but can only be connected; add userinfo_endpoint and subject, put another provider first, or give each route its sign_in',
  )
}

function checkUnique(
  before: readonly (DraftRoute | undefined)[],
  route: DraftRoute,
  { public_url: publicUrl = '' }: Draft,
  path: string,
  { problem }: Findings,
): void {
  const hostOf = (other: DraftRoute | undefined) => routeOrigin(other?.host?.toLowerCase(), publicUrl)
  const same = {
    name: (other: DraftRoute | undefined) => other?.name === route.name,
    path: (other: DraftRoute | undefined) => other?.path === route.path && hostOf(other) === hostOf(route),
  }
  for (const key of ['name', 'path'] as const) {
    const first = route[key] === undefined ? -1 : before.findIndex(same[key])
    if (first >= 0) problem(`${path}.${key}`, `is that of routes[${first}] already; each route needs its own`)
  }
}

/** At `/` a route covers nothing of ours: our endpoints win there. */
function checkReserved(route: DraftRoute, basePath: string | undefined, path: string, { problem }: Findings): void {
  const prefix = route.path
  if (prefix === undefined) return
  if (basePath !== undefined && overlap(prefix, basePath)) {
    problem(`${path}.path`, 'covers base_path, where our own pages are; choose another path')
  }
  if (prefix.startsWith('/.well-known/oauth-') || reservedWellKnown.some((name) => overlap(prefix, name))) {
    problem(`${path}.path`, 'covers a /.well-known name that the gateway answers; choose another path')
  }
}

function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`)
}

/** `provider` may be any; whoever enters must have signed in, so `sign_in` may not. */
function checkProviderNames(
  route: DraftRoute,
  providers: Draft['providers'],
  path: string,
  { problem }: Findings,
): void {
  if (providers === undefined) return
  const known = Object.keys(providers)
  const sentence = `there is no provider of this name; there is ${known.join(', ') || 'none'}`
  for (const [index, name] of route.sign_in?.entries() ?? []) {
    if (name === undefined) continue
    if (!known.includes(name)) problem(`${path}.sign_in[${index}]`, sentence)
    else if (!canSignIn(providers[name])) problem(`${path}.sign_in[${index}]`, connectOnly)
    if (route.sign_in?.indexOf(name) !== index) problem(`${path}.sign_in[${index}]`, 'is named twice; remove it')
  }
  if (route.provider !== undefined && !known.includes(route.provider)) problem(`${path}.provider`, sentence)
}

function checkAccess(route: DraftRoute, path: string, { problem }: Findings): void {
  if (route.access !== 'public') return
  if (route.identity === 'signed') {
    problem(`${path}.identity`, 'has no effect with access: public, where no one is known; remove one of them')
  }
  for (const key of ['allow', 'sign_in', 'scopes'] as const) {
    if (key in route)
      problem(`${path}.${key}`, 'has no effect with access: public, where no one is checked; remove one of them')
  }
}

/** Either we send the requests on, or a front proxy does. */
function checkUpstream(route: DraftRoute, path: string, { problem }: Findings): void {
  if (!route.forward_auth) {
    if (route.forward_auth === false && !('upstream' in route))
      problem(`${path}.upstream`, 'is missing; add it, for example http://127.0.0.1:3000')
    return
  }
  for (const key of ['upstream', 'tls'] as const) {
    if (key in route) problem(`${path}.${key}`, 'has no effect with forward_auth: true; remove one of them')
  }
  const onTheWay = {
    strip_path: route.strip_path === true,
    'cors.origins': (route.cors?.origins?.length ?? 0) > 0,
    cache: route.cache === 'shared',
  }
  for (const [key, isSet] of Object.entries(onTheWay)) {
    if (isSet) problem(`${path}.${key}`, 'has no effect with forward_auth: true; let the front proxy see to it')
  }
}

function checkListener(route: DraftRoute, { forward_auth: auth }: Draft, path: string, { problem }: Findings): void {
  if (route.forward_auth !== true || auth !== undefined) return
  problem(`${path}.forward_auth`, 'needs a listener that the proxy asks; add forward_auth: { port: 9091 } at the top')
}

function checkTls({ upstream, tls }: DraftRoute, path: string, { problem, warning }: Findings): void {
  if (tls === undefined) return
  if (upstream !== undefined && parseUrl(upstream)?.protocol !== 'https:') {
    problem(`${path}.tls`, 'needs an https:// upstream; change upstream or remove tls')
  }
  if ('client_cert' in tls !== 'client_key' in tls) {
    problem(`${path}.tls`, 'client_cert and client_key belong together; add the other one')
  }
  if (tls.insecure) warning(`${path}.tls.insecure`, "the upstream's certificate is not verified; use ca instead")
}

function checkHeaders({ inject, identity_headers: identity }: DraftRoute, path: string, { problem }: Findings): void {
  const taken = new Set<string>()
  if (typeof inject === 'object' && inject.header !== undefined) taken.add(foldHeaderName(inject.header))
  if (typeof identity !== 'object') return
  for (const header of Object.keys(identity)) {
    const folded = foldHeaderName(header)
    if (taken.has(folded)) {
      problem(
        childPath(`${path}.identity_headers`, header),
        'is set twice on this route; keep one (case, _ and . do not count)',
      )
    }
    taken.add(folded)
  }
}

/** A page that came over plain http may be anyone's on its way: it must not act for people who are signed in. */
function checkCors({ cors }: DraftRoute, path: string, { problem, warning }: Findings): void {
  if (cors?.credentials !== true) return
  if (cors.origins?.length === 0)
    problem(`${path}.cors.credentials`, 'has no effect without origins; list them or remove it')
  for (const [index, origin] of cors.origins?.entries() ?? []) {
    if (origin === undefined || isHttpsOrLoopback(origin)) continue
    warning(`${path}.cors.origins[${index}]`, 'is plain http, and may act for whoever is signed in; use https://')
  }
}

/** Only OpenID Connect has ID tokens. */
function checkIdToken(
  { inject, provider, sign_in: signIn, mcp }: DraftRoute,
  providers: Draft['providers'] = {},
  path: string,
  { problem }: Findings,
): void {
  if (!injectsIdToken(inject)) return
  const injected = provider === undefined ? (signIn ?? Object.keys(providers).slice(0, 1)) : [provider]
  const used = [...injected, ...Object.values(mcp?.tool_providers ?? {})]
  const without = used.find((name) => name !== undefined && !hasIdToken(providers[name]))
  if (without === undefined) return
  problem(`${path}.inject`, `wants an ID token, and ${without} gives none; inject access_token`)
}

function injectsIdToken(inject: DraftRoute['inject']): boolean {
  return typeof inject === 'object' ? (inject.value?.includes('{id_token}') ?? false) : inject === 'id_token'
}

/** A presented token is of a provider of `sign_in`, and is itself what goes upstream. */
function checkAccept(
  { accept, access, allow, inject, mcp, provider, sign_in: signIn }: DraftRoute,
  providers: Draft['providers'] = {},
  path: string,
  { problem }: Findings,
): void {
  for (const [index, credential] of accept?.entries() ?? []) {
    if (credential !== undefined && accept?.indexOf(credential) !== index) {
      problem(`${path}.accept[${index}]`, 'is named twice; remove it')
    }
  }
  const at = accept?.indexOf('provider_token') ?? -1
  if (at < 0) {
    const sentence = 'is about presented tokens; add provider_token to accept, or remove it'
    if (mcp === undefined && allow !== undefined && 'clients' in allow) problem(`${path}.allow.clients`, sentence)
    return
  }
  const refuse = (sentence: string) => problem(`${path}.accept[${at}]`, sentence)
  if (access === 'public') refuse('has no effect with access: public, where no one is checked; remove one of them')
  if (injectsIdToken(inject)) refuse('has no ID token for inject; inject access_token')
  const entering = signIn ?? Object.keys(providers).slice(0, 1)
  const presented = entering.filter((name) => provider === undefined || name === provider)
  if (entering.length > 0 && presented.length === 0) {
    refuse('takes tokens of a provider in sign_in, and provider wants those of another; remove one of them')
  }
  const unknown = presented.find((name) => name !== undefined && !hasIssuer(providers[name]))
  if (unknown !== undefined) {
    refuse(`needs a provider whose tokens can be verified; give ${unknown} its user_pool_id or issuer, or remove it`)
  }
}

function warnOfPlainHttp({ upstream, inject }: DraftRoute, path: string, { warning }: Findings): void {
  const parsed = upstream === undefined ? undefined : parseUrl(upstream)
  if (parsed?.protocol !== 'http:' || inject === 'none' || isLoopback(parsed.hostname)) return
  warning(`${path}.upstream`, 'is plain http beyond this machine; tokens travel unencrypted, use https://')
}

function warnOfOpenDoor(
  { access, allow, sign_in: signIn }: DraftRoute,
  providers: Draft['providers'] = {},
  path: string,
  { warning }: Findings,
): void {
  if (access !== 'signed_in' || allow !== undefined) return
  for (const name of signIn ?? Object.keys(providers).slice(0, 1)) {
    const title = openTitle(providers[name ?? ''])
    if (title !== undefined) warning(path, `lets in everybody who has an account of ${title}; add allow`)
  }
}
