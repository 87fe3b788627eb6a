import type { RequestTarget } from '../core/canonical-path.ts'
import { type Allow, type GuardedRoute, type HeaderTemplate, isForwarded } from '../core/route.ts'
import type { Template } from '../core/template.ts'
import { upstreamPath } from '../core/upstream-path.ts'

/** A route in words, without any secret: what `toolgate routes` shows. */
export interface RouteFacts {
  readonly name: string
  readonly host: string
  readonly path: string
  readonly access: GuardedRoute['access']
  /** What counts as a credential, in the order in which it is looked at. */
  readonly accept: readonly string[]
  readonly who_may_pass: string
  readonly token_of: string
  readonly inject: string
  readonly identity_headers: readonly string[]
  /** Where the route's own path leads, unless a front proxy knows that. */
  readonly upstream: string
}

const nothing: Pick<GuardedRoute, 'inject' | 'identityHeaders' | 'identity'> = {
  inject: undefined,
  identityHeaders: [],
  identity: 'none',
}
const signedIdentity = 'X-Toolgate-Identity: a JWT of who it is, signed by the gateway'

/** The facts of a route. Headers are shown as names and templates, never with values. */
export function factsOf(route: GuardedRoute): RouteFacts {
  const path = route.path || '/'
  // On a public route nobody is known, so nothing is set.
  const { inject, identityHeaders, identity } = route.access === 'public' ? nothing : route
  return {
    name: route.name,
    host: route.host,
    path,
    access: route.access,
    accept: route.access === 'public' ? [] : acceptedBy(route),
    who_may_pass: whoMayPass(route),
    token_of: inject === undefined ? 'none' : (route.provider ?? 'the one signed in with'),
    inject: inject === undefined ? 'none' : headerText(inject),
    identity_headers: [...identityHeaders.map(headerText), ...(identity === 'signed' ? [signedIdentity] : [])],
    upstream: addressOf(route, { path, search: '' }) ?? 'none (forward_auth)',
  }
}

/** What the upstream is asked for, with its host. `undefined` where a front proxy asks it. */
export function addressOf(route: GuardedRoute, target: RequestTarget): string | undefined {
  return isForwarded(route) ? route.upstream.origin + upstreamPath(route, target) : undefined
}

function acceptedBy({ accept, inject }: GuardedRoute): readonly string[] {
  const credentials = {
    provider_token: `Authorization: Bearer, an access token of the provider, which goes ${inject === undefined ? 'on as it came' : 'upstream itself'}`,
    grant: 'Authorization: Bearer, a token that the gateway gave an MCP client',
    session: 'session cookie',
  } as const
  return (['provider_token', 'grant', 'session'] as const).flatMap((name) =>
    accept.includes(name) ? [credentials[name]] : [],
  )
}

function whoMayPass({ access, accept, signIn, allow }: GuardedRoute): string {
  if (access === 'public') return 'anyone'
  const means = {
    session: 'signed in with',
    grant: 'through an MCP client, signed in with',
    provider_token: 'with an access token of',
  }
  const how = accept.map((credential) => means[credential]).join(', or ')
  const people = [`${how} ${signIn.join(' or ')}`, ...rulesOf(allow)].join(', ')
  return access === 'optional' ? `anyone; known when ${people}` : people
}

function rulesOf({ groups, emails, emailDomains, clients, claims }: Allow): readonly string[] {
  const lists = { groups, emails, email_domains: emailDomains, clients }
  const rules = Object.entries(lists).map(([key, list]) => list && `${key}: ${list.join(' or ')}`)
  return [...rules, claims && `claims: ${JSON.stringify(claims)}`].filter((rule) => rule !== undefined)
}

function headerText({ name, value }: HeaderTemplate): string {
  return `${name}: ${templateText(value)}`
}

/** The template with its braces. Text around them may come from the environment: all but a scheme's name is hidden. */
function templateText({ names, render }: Template): string {
  const parts = render(Object.fromEntries(names.map((name) => [name, `\n{${name}}\n`]))).split('\n')
  return parts.map((part, index) => (index % 2 === 1 || /^(?:Bearer |Token )?$/i.test(part) ? part : '…')).join('')
}
