import type { McpRules, Route } from '../../src/core/route.ts'
import { parseTemplate } from '../../src/core/template.ts'

/** A route as the config gives it with all defaults, but for what the test is about. */
export function aRoute(route: Partial<Route> = {}): Route {
  return {
    name: 'tool',
    title: 'The tool',
    description: '',
    host: 'tools.test',
    path: '/tool',
    upstream: { origin: 'http://127.0.0.1:3000', prefix: undefined, tls: undefined },
    access: 'signed_in',
    accept: ['session'],
    mcp: undefined,
    signIn: ['cognito'],
    provider: undefined,
    scopes: [],
    allow: { groups: undefined, emails: undefined, emailDomains: undefined, claims: undefined, clients: undefined },
    inject: { name: 'Authorization', value: parseTemplate('Bearer {access_token}') },
    identityHeaders: [],
    cors: { origins: [], credentials: false },
    cache: 'private',
    identity: 'none',
    timeouts: { connectMs: 5_000, responseMs: 60_000, idleMs: 300_000 },
    maxBodyBytes: 100_000_000,
    ...route,
  }
}

/** The rules of an MCP server at `https://tools.test/mcp`, but for what the test is about. */
export function mcpRules(rules: Partial<McpRules> = {}): McpRules {
  return {
    resource: 'https://tools.test/mcp',
    challenge: 'lazy',
    publicTools: new Set<string>(),
    scopes: ['notes/read'],
    toolScopes: new Map(),
    toolProviders: new Map(),
    ...rules,
  }
}
