import type { RequestListener, ServerResponse } from 'node:http'
import type { Internet } from '../../src/adapters/fetch-public.ts'
import { certificate } from './certificates.ts'
import type { Ending } from './gateway-process.ts'
import { startTool } from './tool.ts'

/** What lies at a path: JSON, or whoever answers. */
type Content = object | RequestListener

/**
 * A host with documents for everybody, as `tool.internal` of an internet of its own, which has no other host and says of
 * 127.0.0.1 that it is public. `at` gives the address of a path; `asked` counts the requests for it.
 */
export async function startPublicHost(t: Ending, timeoutMs = 2_000) {
  const contents = new Map<string, Content>()
  const counts = new Map<string, number>()
  const answer: RequestListener = (request, response) => {
    const path = request.url ?? ''
    counts.set(path, (counts.get(path) ?? 0) + 1)
    const content = contents.get(path)
    if (typeof content === 'function') content(request, response)
    else sendJson(response, content)
  }
  const tls = { key: certificate('server.key'), cert: certificate('server.pem') }
  const { port } = await startTool(t, answer, tls)
  const internet: Internet = {
    resolve: async (name) => (name === 'tool.internal' ? ['127.0.0.1'] : []),
    isPublic: (address) => address === '127.0.0.1',
    ca: certificate('ca.pem'),
    timeoutMs,
  }
  return {
    internet,
    port,
    at: (path: string) => `https://tool.internal:${port}${path}`,
    asked: (path: string) => counts.get(path) ?? 0,
    put: (path: string, content: Content) => void contents.set(path, content),
  }
}

/** Answers with JSON, or 404 for nothing. */
export function sendJson(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
