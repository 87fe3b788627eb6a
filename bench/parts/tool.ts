// What nginx cannot be as an upstream: a sink for uploads, a stream of events, a WebSocket that echoes.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { echoFrames } from './web-socket.ts'

/** RFC 6455 section 1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  if (request.url?.endsWith('/sink')) sink(request, response)
  else if (request.url?.endsWith('/events')) events(request, response)
  else response.writeHead(404).end()
})

server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${guid}`).digest('base64')
  socket.on('error', () => socket.destroy())
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  echoFrames(socket)
})

server.listen(Number(process.argv[2]), '127.0.0.1', 8192)
process.once('SIGTERM', () => process.exit(0))

function sink(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  request.on('end', () => response.end(JSON.stringify({ bytes })))
}

function events(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = () => response.write(`data: ${Date.now()}\n\n`)
  send()
  const clock = setInterval(send, 1000)
  request.on('close', () => clearInterval(clock))
}
