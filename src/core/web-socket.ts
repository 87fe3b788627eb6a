import { createHash } from 'node:crypto'

/** A request, as far as it may open a WebSocket. Header names in lower case. */
interface Handshake {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** RFC 6455 section 1.3. */
const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/**
 * Whether a request opens a WebSocket (RFC 6455 section 4.2.1) and nothing besides: it names no other protocol, each of
 * its headers came once, and it has no body.
 */
export function isHandshake({ method, headers }: Handshake): boolean {
  return (
    headers.upgrade !== undefined &&
    String(headers.upgrade).toLowerCase() === 'websocket' &&
    method === 'GET' &&
    /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(String(headers.connection)) &&
    /^[A-Za-z0-9+/]{22}==$/.test(String(headers['sec-websocket-key'])) &&
    headers['sec-websocket-version'] === '13' &&
    headers['transfer-encoding'] === undefined &&
    Number(headers['content-length'] ?? 0) === 0
  )
}

/** What only a server that speaks WebSocket answers to this `Sec-WebSocket-Key` (RFC 6455 section 4.2.2). */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + handshakeGuid)
    .digest('base64')
}
