import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Assets } from '../../src/http/assets/assets.ts'

const policy = [
  "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'",
  "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
].join('; ')

/** What was asked for; `body` is that of a POST. */
export interface Seen {
  readonly path: string
  readonly body?: string
}

/** Serves the pages by name and the assets, all under our policy, on a free port; `seen` is told of all but the assets. */
export async function servePages(
  pages: ReadonlyMap<string, string>,
  { files }: Assets,
  seen: (request: Seen) => void = () => {},
): Promise<{ readonly origin: string; readonly close: () => void }> {
  const server = createServer(async (request, response) => {
    const path = request.url ?? ''
    const name = path.split('/').at(-1) ?? ''
    const file = files.get(name)
    response.setHeader('Content-Security-Policy', policy)
    response.setHeader('Content-Type', file?.type ?? 'text/html; charset=utf-8')
    if (file === undefined) {
      const body = Buffer.concat(await request.toArray()).toString()
      seen(request.method === 'POST' ? { path, body } : { path })
    }
    response.end(file?.body ?? pages.get(name) ?? 'no such page')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close().closeAllConnections(),
  }
}
