import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { createUpstreamClient } from '../../../src/adapters/upstream-client/client.ts'
import { fieldLines } from '../../../src/core/field-lines.ts'
import type { Route } from '../../../src/core/route.ts'
import type { BodySink, UpstreamExchange, UpstreamRequest } from '../../../src/core/upstream-client.ts'
import { aRoute } from '../../support/route.ts'
import { ok } from './answers.ts'

export const get: UpstreamRequest = {
  method: 'GET',
  path: '/a?b',
  headers: fieldLines(['host', 'x']),
  body: undefined,
  upgrade: false,
}
export const short = `${ok}Content-Length: 2\r\n\r\nok`

/** An upstream that does to each connection what the test says, a client for it, and all that was received. */
export async function startUpstream(
  t: Test,
  onData: (socket: Socket, data: string, nth: number) => void,
  route: Partial<Route> = {},
) {
  const sockets: Socket[] = []
  const received: string[] = []
  const server = createServer((socket) => {
    const nth = sockets.push(socket) - 1
    received[nth] = ''
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      received[nth] += data.toString('latin1')
      onData(socket, data.toString('latin1'), nth)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const client = createUpstreamClient(aRoute({ ...route, upstream: { origin, prefix: undefined, tls: undefined } }))
  t.teardown(() => {
    client.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  /** Sends a request and reads the answer to its end. */
  function ask(request: Partial<UpstreamRequest> = {}) {
    let exchange: UpstreamExchange | undefined
    const answer = new Promise<{ status: number; body: string; trailers: readonly string[] }>((resolve, reject) => {
      let status = 0
      let body = ''
      exchange = client.send(
        { ...get, ...request },
        {
          informed: () => undefined,
          began(began) {
            status = began
          },
          received(piece) {
            body += piece.toString('latin1')
          },
          waiting: () => true,
          ended: (trailers) => resolve({ status, body, trailers }),
          switched: () => reject(new Error('switched')),
          failed: reject,
        },
      )
    })
    // A test that gives it up does not wait for it.
    answer.catch(() => undefined)
    return Object.assign(answer, { abort: () => exchange?.abort() })
  }

  return { ask, client, sockets, received, origin }
}

/** A body that the test writes. */
export function aBody(length: number | undefined) {
  const events = { sink: undefined as BodySink | undefined, resumed: 0 }
  const flow = (sink: BodySink) => {
    events.sink = sink
    return () => {
      events.resumed += 1
    }
  }
  return Object.assign(events, { source: { length, flow } })
}

export async function closing(socket: Socket | undefined): Promise<void> {
  await until(() => socket?.destroyed === true)
}

export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(5)
}
