import { readFileSync } from 'node:fs'
import type { Allow, GuardedRoute, HeaderTemplate, McpRules, Upstream } from '../core/route.ts'
import { parseTemplate } from '../core/template.ts'
import { routeOrigin } from './route-origin.ts'
import type { Config, RouteConfig } from './schema.ts'

/** The routes of a config as the core knows them. Reads the files that their `tls` names. */
export function routesOf(config: Config): readonly GuardedRoute[] {
  const [firstProvider = ''] = Object.keys(config.providers)

  return config.routes.map((route) => {
    const { origin, host } = new URL(routeOrigin(route.host, config.public_url))
    return {
      name: route.name,
      title: route.title ?? route.name,
      description: route.description ?? '',
      host,
      path: route.path === '/' ? '' : route.path,
      upstream: upstreamOf(route),
      access: route.access,
      accept: acceptOf(route),
      mcp: mcpOf(route, origin),
      signIn: route.sign_in ?? [firstProvider],
      provider: route.provider,
      scopes: route.scopes ?? [],
      allow: allowOf(route.allow),
      inject: injectOf(route.inject),
      identityHeaders: identityHeadersOf(route.identity_headers),
      cors: route.cors,
      cache: route.cache,
      identity: route.identity,
      timeouts: {
        connectMs: route.timeouts.connect,
        responseMs: route.timeouts.response,
        idleMs: route.timeouts.idle,
      },
      maxBodyBytes: route.max_body,
    }
  })
}

/** An MCP server takes tokens of ours, whatever else. */
function acceptOf({ accept, mcp }: RouteConfig): GuardedRoute['accept'] {
  if (mcp === undefined) return accept ?? ['session']
  return [...new Set([...(accept ?? []), 'grant'] as const)]
}

function mcpOf({ mcp, path, scopes = [] }: RouteConfig, origin: string): McpRules | undefined {
  if (mcp === undefined) return undefined
  return {
    resource: origin + (path === '/' ? '' : path),
    challenge: mcp.challenge,
    publicTools: new Set(mcp.public_tools),
    scopes: [...new Set([...scopes, ...mcp.scopes])],
    toolScopes: new Map(Object.entries(mcp.tool_scopes)),
    toolProviders: new Map(Object.entries(mcp.tool_providers)),
  }
}

/** Rules as the core knows them; without any, whoever is signed in passes. */
export function allowOf(allow: RouteConfig['allow']): Allow {
  return {
    groups: allow?.groups,
    emails: allow?.emails,
    emailDomains: allow?.email_domains,
    claims: allow?.claims,
    clients: allow?.clients,
  }
}

/** An upstream with a path, or `strip_path`: what it names stands in for the route's prefix. */
function upstreamOf({ upstream, strip_path: stripPath, tls }: RouteConfig): Upstream | undefined {
  if (upstream === undefined) return undefined
  const { origin, pathname } = new URL(upstream)
  const path = pathname.replace(/\/+$/, '')
  const pem = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file, 'utf8'))
  return {
    origin,
    prefix: stripPath || path !== '' ? path : undefined,
    tls: tls && {
      ca: pem(tls.ca),
      clientCert: pem(tls.client_cert),
      clientKey: pem(tls.client_key),
      serverName: tls.server_name,
      insecure: tls.insecure,
    },
  }
}

function injectOf(inject: RouteConfig['inject']): HeaderTemplate | undefined {
  if (inject === 'none') return undefined
  if (typeof inject === 'object') return { name: inject.header, value: parseTemplate(inject.value) }
  return { name: 'Authorization', value: parseTemplate(`Bearer {${inject}}`) }
}

const defaultIdentityHeaders: Readonly<Record<string, string>> = {
  'X-Forwarded-User': '{user}',
  'X-Forwarded-Email': '{email}',
  'X-Forwarded-Groups': '{groups}',
  'X-Forwarded-Preferred-Username': '{preferred_username}',
}

function identityHeadersOf(setting: RouteConfig['identity_headers']): readonly HeaderTemplate[] {
  if (setting === false) return []
  const headers = setting === true ? defaultIdentityHeaders : setting
  return Object.entries(headers).map(([name, value]) => ({ name, value: parseTemplate(value) }))
}
