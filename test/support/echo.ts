import type { IncomingMessage } from 'node:http'
import type { Test } from 'tap'
import { sendRaw } from './raw.ts'
import { startTool } from './tool.ts'

/** What the tool behind the gateway received. */
interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** A tool that answers each request with what it received, as JSON, and remembers it. */
export async function startEcho(t: Test) {
  const received: Received[] = []
  const tool = await startTool(t, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers, rawHeaders } = request
    const entry = { method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString() }
    received.push(entry)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(entry))
  })
  return { url: tool.url, received }
}

/** Sends requests to the gateway with exactly these header lines, and gives the headers that the tool got. */
export function receivedBy(origin: string, echo: { readonly received: readonly Received[] }) {
  return async (t: Test, path: string, ...lines: string[]) => {
    const { status } = await sendRaw(origin, [`GET ${path} HTTP/1.1`, `Host: ${new URL(origin).host}`, ...lines])
    t.equal(status, 200)
    const request = echo.received.at(-1)
    t.equal(request?.url, path)
    return request?.headers ?? {}
  }
}
