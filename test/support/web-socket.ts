import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { ServerOptions as TlsOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { startTool } from './tool.ts'

/** What came of a handshake: an open socket, or an HTTP answer. */
export type Opened =
  | { readonly socket: WebSocket; readonly status: 101 }
  | { readonly socket: undefined; readonly status: number; readonly headers: Headers; readonly body: string }

type Headers = IncomingMessage['headers']

/** A tool that speaks WebSocket: it sends back what it gets, and remembers the handshakes. It ends with the test. */
export async function startSocketTool(t: Test, options: ServerOptions = {}, tls?: TlsOptions) {
  const handshakes: IncomingMessage[] = []
  const tool = await startTool(t, (_request, response) => response.writeHead(426).end('a WebSocket is wanted'), tls)
  const sockets = new WebSocketServer({ server: tool.server, ...options })
  sockets.on('connection', (socket, request) => {
    handshakes.push(request)
    socket.on('error', () => undefined)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
  })
  return { ...tool, sockets, handshakes }
}

/** Tries to open a WebSocket at an http address. What is open ends with the test. */
export async function openSocket(
  t: Test,
  url: string,
  { protocols = [], ...options }: ClientOptions & { readonly protocols?: string[] } = {},
): Promise<Opened> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, options)
  t.teardown(() => socket.terminate())
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.once('open', () => resolve({ socket, status: 101 }))
    socket.once('unexpected-response', async (_request, response) => {
      const { statusCode: status = 0, headers } = response
      resolve({ socket: undefined, status, headers, body: await text(response) })
    })
  })
}

/** As `openSocket`, for one that must open. */
export async function mustOpen(...opening: Parameters<typeof openSocket>): Promise<WebSocket> {
  const opened = await openSocket(...opening)
  if (opened.socket === undefined) throw new Error(`${opened.status} ${opened.body}`)
  return opened.socket
}

/** The next message. */
export async function nextMessage(socket: WebSocket): Promise<Buffer> {
  return (await once(socket, 'message'))[0]
}

/** How it ended: the close code and its reason. */
export async function closeOf(socket: WebSocket): Promise<readonly [code: number, reason: string]> {
  const [code, reason] = await once(socket, 'close')
  return [code, String(reason)]
}
