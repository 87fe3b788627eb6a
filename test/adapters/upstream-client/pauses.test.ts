import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { createUpstreamClient } from '../../../src/adapters/upstream-client/client.ts'
import { certificate } from '../../support/certificates.ts'
import { aRoute } from '../../support/route.ts'
import { ok } from './answers.ts'
import { get } from './upstream.ts'

/** Big enough that a connection cannot hold it. */
const size = 32 << 20
/** Every place in it can be told from its neighbours. */
const content = Buffer.alloc(size, Buffer.from(Array.from({ length: 4_093 }, (_, i) => (i * 7_919) % 251)))

/** An upstream that answers with the content, and how much of it was written. */
async function startUpstream(t: Test, protocol: 'http' | 'https') {
  const written = { bytes: 0 }
  function serve(socket: Socket) {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(`${ok}Content-Length: ${size}\r\n\r\n`)
      const write = () => {
        while (written.bytes < size) {
          const piece = content.subarray(written.bytes, written.bytes + (1 << 20))
          written.bytes += piece.length
          if (!socket.write(piece)) return void socket.once('drain', write)
        }
      }
      write()
    })
  }
  const own = { cert: certificate('server.pem'), key: certificate('server.key') }
  const server = protocol === 'http' ? createServer(serve) : createTlsServer(own, serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const origin = `${protocol}://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const trust = { ca: certificate('ca.pem'), clientCert: undefined, clientKey: undefined, serverName: undefined }
  const tls = protocol === 'http' ? undefined : { ...trust, insecure: false }
  const client = createUpstreamClient(aRoute({ upstream: { origin, prefix: undefined, tls } }))
  t.teardown(() => {
    client.close()
    server.close()
  })
  return { client, written }
}

for (const protocol of ['http', 'https'] as const) {
  t.test(`an answer over ${protocol} is not read faster than it is taken, and stays what it is`, async (t) => {
    const { client, written } = await startUpstream(t, protocol)
    let bytes = 0
    let isSame = true
    let takes = false
    /** As a listener may, what came is looked at only when it is asked whether it wants more. */
    let held: Buffer[] = []
    const ended = new Promise<void>((resolve, reject) => {
      const take = () => {
        for (const piece of held) {
          isSame &&= piece.equals(content.subarray(bytes, bytes + piece.length))
          bytes += piece.length
        }
        held = []
      }
      const exchange = client.send(
        { ...get, path: '/' },
        {
          informed: () => undefined,
          began: () => undefined,
          received: (piece) => void held.push(piece),
          waiting() {
            take()
            if (!takes) globalThis.setTimeout(() => exchange.resume(), 20)
            return takes
          },
          ended() {
            take()
            resolve()
          },
          switched: () => undefined,
          failed: reject,
        },
      )
    })
    await setTimeout(300)
    t.ok(written.bytes < size / 2, `${written.bytes} bytes were written while hardly anybody took them`)
    t.ok(bytes < 4 << 20)

    takes = true
    await ended
    t.equal(bytes, size)
    t.ok(isSame)
  })
}
