import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

/** What came back over a plain socket. Header names in lower case, the values of one name in order. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: string
}

/**
 * Sends exactly these bytes, one line an entry, and reads until the other side closes: for what an HTTP client would
 * put right. `Connection: close` is added as the last header unless there is a `Connection` already.
 */
export async function sendRaw(origin: string, lines: readonly string[], body = ''): Promise<RawAnswer> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  await once(socket, 'connect')
  const close = lines.some((line) => /^connection:/i.test(line)) ? [] : ['Connection: close']
  socket.write(`${[...lines, ...close].join('\r\n')}\r\n\r\n${body}`, 'latin1')
  return parseAnswer(await text(socket))
}

/** Asks for a WebSocket in exactly these words, and gives the head of the answer, whatever it is. */
export async function upgradeRaw(origin: string, target: string, ...lines: string[]): Promise<RawAnswer> {
  const { host, port } = new URL(origin)
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  const asking = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const hosts = lines.some((line) => /^host:/i.test(line)) ? [] : [`Host: ${host}`]
  socket.write(`${[`GET ${target} HTTP/1.1`, ...hosts, ...asking, key, ...lines].join('\r\n')}\r\n\r\n`, 'latin1')
  let received = ''
  for await (const chunk of socket) {
    received += chunk
    if (received.includes('\r\n\r\n')) break
  }
  socket.destroy()
  return parseAnswer(received)
}

/** Reads one answer whose body ends with the connection. */
export function parseAnswer(received: string): RawAnswer {
  const end = received.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = received.slice(0, end).split('\r\n')
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const at = line.indexOf(':')
    const name = line.slice(0, at).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(at + 1).trim()])
  }
  const body = received.slice(end + 4)
  const isChunked = headers.get('transfer-encoding')?.includes('chunked')
  return { status: Number(statusLine.split(' ')[1]), headers, body: isChunked ? unchunked(body) : body }
}

/** A chunked body put together (RFC 9112 section 7.1), of one-byte characters. */
function unchunked(body: string): string {
  const [size = '', ...rest] = body.split('\r\n')
  const length = Number.parseInt(size, 16)
  const chunks = rest.join('\r\n')
  return length > 0 ? chunks.slice(0, length) + unchunked(chunks.slice(length + 2)) : ''
}
