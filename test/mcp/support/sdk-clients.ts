import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { UnauthorizedError as OlderUnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Test } from 'tap'
import type { SdkUser } from './sdk-user.ts'

/** What a program does with either of the official clients. */
export interface SdkClient {
  /** The revision that was agreed on. */
  readonly revision: string | undefined
  readonly tools: () => Promise<readonly string[]>
  /** Calls a tool. Gives the text it answers with. */
  readonly call: (name: string, args?: Record<string, unknown>) => Promise<string>
}

interface Options {
  readonly headers?: Record<string, string>
  /** Who signs in when that is asked for. Without one it is an error. */
  readonly user?: SdkUser
}

const about = { name: 'Test client', version: '1.0.0' }

/** Connects the TypeScript SDK, version 2, which speaks both eras. It leaves with the test. */
export async function connectSdk(t: Test, url: string, { headers = {}, user }: Options = {}): Promise<SdkClient> {
  const client = new Client(about, { versionNegotiation: { mode: 'auto' } })
  t.teardown(() => client.close())
  const options = { requestInit: { headers }, ...(user && { authProvider: user.provider }) }
  const open = () => new StreamableHTTPClientTransport(new URL(url), options)
  let transport = open()
  const signedIn = afterSignIn(UnauthorizedError, user, (answer) => transport.finishAuth(answer))

  await signedIn(() => {
    transport = open()
    return client.connect(transport)
  })
  return {
    revision: client.getNegotiatedProtocolVersion(),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => textOf(await signedIn(() => client.callTool({ name, arguments: args }))),
  }
}

/** Connects the TypeScript SDK, version 1, which knows nothing of 2026-07-28. It leaves with the test. */
export async function connectOlderSdk(t: Test, url: string, { headers = {}, user }: Options = {}): Promise<SdkClient> {
  const client = new OlderClient(about)
  t.teardown(() => client.close())
  const options = { requestInit: { headers }, ...(user && { authProvider: user.provider }) }
  const open = () => new OlderTransport(new URL(url), options)
  let transport = open()
  const signedIn = afterSignIn(OlderUnauthorizedError, user, (answer) => transport.finishAuth(answer.get('code') ?? ''))

  await signedIn(() => {
    transport = open()
    // The types of the package were not made for `exactOptionalPropertyTypes`.
    return client.connect(transport as Parameters<typeof client.connect>[0])
  })
  return {
    revision: transport.protocolVersion,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => textOf(await signedIn(() => client.callTool({ name, arguments: args }))),
  }
}

/** Gives a way to do things, where need be again after the user has signed in: as programs with the SDK have to. */
function afterSignIn(
  Unauthorized: new () => Error,
  user: SdkUser | undefined,
  finish: (answer: URLSearchParams) => Promise<void>,
) {
  return async function signedIn<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (user === undefined || !(error instanceof Unauthorized)) throw error
    }
    await finish(await user.visit())
    return act()
  }
}

function textOf(result: object): string {
  const { content } = result as { content: readonly { text?: string }[] }
  return content.map(({ text }) => text).join('\n')
}
