import { rootAliases } from '../core/reserved.ts'
import { childPath, type Findings } from './findings.ts'
import type { Draft } from './schema.ts'

type DraftRoute = NonNullable<NonNullable<Draft['routes']>[number]>

/** The rules over `mcp`, the gateway's own and that of each route. */
export function checkMcp({ mcp, routes = [], providers }: Draft, findings: Findings): void {
  for (const [index, client] of mcp?.clients?.entries() ?? []) {
    const first = mcp?.clients?.findIndex((other) => other?.client_id === client?.client_id) ?? -1
    if (client?.client_id !== undefined && first < index) {
      findings.problem(
        `mcp.clients[${index}].client_id`,
        `is that of mcp.clients[${first}] already; remove one of them`,
      )
    }
    if (client?.client_secret !== undefined && client.jwks_uri !== undefined) {
      findings.problem(
        `mcp.clients[${index}].jwks_uri`,
        'is one way to authenticate and client_secret another; keep one',
      )
    }
  }
  if (mcp?.root_aliases) checkRootAliases(routes, findings)
  for (const [index, route] of routes.entries()) {
    if (route === undefined) continue
    const path = childPath('routes', index)
    checkGrant(route, path, findings)
    if (route.mcp !== undefined) checkRoute(route, route.mcp, providers, path, findings)
  }
}

function checkRootAliases(routes: NonNullable<Draft['routes']>, { problem }: Findings): void {
  for (const [index, route] of routes.entries()) {
    if (!rootAliases.some((alias) => route?.path === alias || route?.path?.startsWith(`${alias}/`))) continue
    problem(`routes[${index}].path`, 'is that of mcp.root_aliases; choose another path, or turn them off')
  }
}

/** A token of ours is for one resource, which is a route with `mcp`. */
function checkGrant({ accept, mcp }: DraftRoute, path: string, { problem }: Findings): void {
  const at = accept?.indexOf('grant') ?? -1
  if (at >= 0 && mcp === undefined) {
    problem(
      `${path}.accept[${at}]`,
      'has no effect without mcp, which is what our tokens are for; add mcp or remove it',
    )
  }
  const presented = accept?.indexOf('provider_token') ?? -1
  if (presented >= 0 && mcp !== undefined) {
    problem(`${path}.accept[${presented}]`, 'takes tokens that were not made for this MCP server; remove it')
  }
}

function checkRoute(
  route: DraftRoute,
  mcp: NonNullable<DraftRoute['mcp']>,
  providers: Draft['providers'],
  path: string,
  { problem }: Findings,
): void {
  if (route.access !== undefined && route.access !== 'signed_in') {
    problem(`${path}.access`, 'must be signed_in beside mcp; mcp.public_tools says what is open to anyone')
  }
  if (route.forward_auth) problem(`${path}.mcp`, 'has no effect with forward_auth: true; remove one of them')
  for (const [tool, provider] of Object.entries(mcp.tool_providers ?? {})) {
    const at = childPath(`${path}.mcp.tool_providers`, tool)
    if (route.inject === 'none') problem(at, 'has no effect beside inject: none; remove one of them')
    if (provider === undefined || providers === undefined || Object.hasOwn(providers, provider)) continue
    const known = Object.keys(providers).join(', ') || 'none'
    problem(at, `there is no provider of this name; there is ${known}`)
  }
  for (const [index, tool] of mcp.public_tools?.entries() ?? []) {
    const asking = (['tool_scopes', 'tool_providers'] as const).find(
      (key) => tool !== undefined && tool in (mcp[key] ?? {}),
    )
    if (asking === undefined) continue
    problem(
      `${path}.mcp.public_tools[${index}]`,
      `is open to anyone, and ${asking} asks for a user; remove one of them`,
    )
  }
}
