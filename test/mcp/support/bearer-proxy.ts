import { request } from 'node:http'
import { pipeline } from 'node:stream'
import type { Ending } from '../../support/gateway-process.ts'
import { startTool } from '../../support/tool.ts'

/** A way to `url` for clients that cannot be given a token: each request gets it on the way. */
export async function startBearerProxy(t: Ending, url: string, token: string) {
  const { host } = new URL(url)
  const proxy = await startTool(t, (incoming, outgoing) => {
    const { method, headers } = incoming
    const asIfDirect = (text: string | undefined) => text?.replace(`127.0.0.1:${proxy.port}`, host)
    const named = { host: asIfDirect(headers.host), ...(headers.origin && { origin: asIfDirect(headers.origin) }) }
    const outward = request(url, { method, headers: { ...headers, ...named, authorization: `Bearer ${token}` } })
    outgoing.once('close', () => outward.destroy())
    outward.once('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.rawHeaders).flushHeaders()
      pipeline(response, outgoing, () => {})
    })
    outward.once('error', () => outgoing.destroy())
    incoming.pipe(outward)
  })
  return { url: `${proxy.url}${new URL(url).pathname}` }
}
