import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Test } from 'tap'

/** What a program does with either of the official clients. */
export interface SdkClient {
  /** The revision that was agreed on. */
  readonly revision: string | undefined
  readonly tools: () => Promise<readonly string[]>
  /** Calls a tool. Gives the text it answers with. */
  readonly call: (name: string, args?: Record<string, unknown>) => Promise<string>
}

const about = { name: 'Test client', version: '1.0.0' }

/** Connects the TypeScript SDK, version 2, which speaks both eras. It leaves with the test. */
export async function connectSdk(t: Test, url: string, headers: Record<string, string> = {}): Promise<SdkClient> {
  const client = new Client(about, { versionNegotiation: { mode: 'auto' } })
  t.teardown(() => client.close())
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
  return {
    revision: client.getNegotiatedProtocolVersion(),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => textOf(await client.callTool({ name, arguments: args })),
  }
}

/** Connects the TypeScript SDK, version 1, which knows nothing of 2026-07-28. It leaves with the test. */
export async function connectOlderSdk(t: Test, url: string, headers: Record<string, string> = {}): Promise<SdkClient> {
  const client = new OlderClient(about)
  const transport = new OlderTransport(new URL(url), { requestInit: { headers } })
  t.teardown(() => client.close())
  // The types of the package were not made for `exactOptionalPropertyTypes`.
  await client.connect(transport as Parameters<typeof client.connect>[0])
  return {
    revision: transport.protocolVersion,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => textOf(await client.callTool({ name, arguments: args })),
  }
}

function textOf(result: object): string {
  const { content } = result as { content: readonly { text?: string }[] }
  return content.map(({ text }) => text).join('\n')
}
