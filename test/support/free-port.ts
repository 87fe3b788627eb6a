import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port of 127.0.0.1 that was free a moment ago. Below those that systems give to outgoing connections (RFC 6335
 * section 6 and Linux's 32768), so that none of them takes it meanwhile; above 10080, the last
 * port that browsers and `fetch` refuse to connect to (Fetch standard, "bad port").
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_081 + Math.floor(Math.random() * 21_900)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
