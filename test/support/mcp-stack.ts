import type { Test } from 'tap'
import { type StackOptions, startGateway, startParts } from './stack.ts'

interface McpStackOptions
  extends Pick<StackOptions, 'now' | 'keepAliveMs' | 'log' | 'provider' | 'config' | 'internet'> {
  /** Keys of the route's `mcp`. */
  readonly mcp?: Record<string, unknown>
  /** Other keys of that route. */
  readonly route?: Record<string, unknown>
  /** Further providers for the gateway at this origin, as in its config. */
  readonly further?: (origin: string) => Promise<Record<string, object>>
}

/** As `startStack`, with an echoing tool at `/mcp` that passes for an MCP server. */
export async function startMcpStack(t: Test, options: McpStackOptions = {}) {
  const { mcp = {}, route = {}, further, config = {}, now, keepAliveMs, log, provider = {}, internet } = options
  const parts = await startParts(t, { provider })
  const rules = { scopes: ['reports/read'], tool_scopes: { write: ['reports/write'] }, ...mcp }
  const notes = { name: 'notes', title: 'Notes', path: '/mcp', upstream: parts.echo.url, mcp: rules, ...route }
  const yaml = {
    ...parts.yaml,
    log: { level: log ? 'debug' : 'fatal' },
    routes: [...parts.yaml.routes, notes],
    providers: { ...parts.yaml.providers, ...(await further?.(parts.origin)) },
    ...config,
  }
  const gateway = await startGateway(t, yaml, {
    ...(now && { now }),
    ...(keepAliveMs && { keepAliveMs }),
    ...(log && { log }),
    ...(internet && { internet }),
  })
  return { ...parts, yaml, gateway }
}
