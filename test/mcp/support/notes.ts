import type { Test } from 'tap'
import { buildSampleMcp } from '../../../src/samples/mcp.ts'
import { type ConfigPatch, type StackOptions, startGateway, startParts } from '../../support/stack.ts'

interface NotesOptions extends Pick<StackOptions, 'now' | 'log' | 'internet'> {
  /** Keys of the route. */
  readonly route?: ConfigPatch
  /** Keys of the route's `mcp`. */
  readonly mcp?: ConfigPatch
  /** Keys of the gateway's config. */
  readonly config?: ConfigPatch
}

/** The sample MCP server behind a gateway, with `search` open to everybody. */
export async function startNotes(t: Test, { route, mcp, config, now, log, internet }: NotesOptions = {}) {
  const parts = await startParts(t)
  const sample = buildSampleMcp({ issuer: parts.cognito.issuer, clientId: '1localexample' })
  t.teardown(() => sample.close())
  const upstream = await sample.listen({ host: '127.0.0.1', port: 0 })
  const notes = { name: 'notes', path: '/mcp', upstream, mcp: { public_tools: ['search'], ...mcp }, ...route }
  const yaml = { ...parts.yaml, log: { level: log ? 'debug' : 'fatal' }, routes: [notes], ...config }
  const gateway = await startGateway(t, yaml, {
    ...(now && { now }),
    ...(log && { log }),
    ...(internet && { internet }),
  })
  return { ...parts, yaml, gateway, url: `${parts.origin}/mcp` }
}
