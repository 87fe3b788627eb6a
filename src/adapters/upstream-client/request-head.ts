import type { UpstreamRequest } from '../../core/upstream-client.ts'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const target = /^[\x21-\x7e\x80-\xff]+$/

/** Methods whose requests usually have a body: without one they say so (RFC 9110 section 8.6). */
const bodied = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])

/** The head of a request, as it is sent (RFC 9112 sections 3 to 6). Throws RangeError for what would break it. */
export function requestHead({ method, path, headers, body, upgrade }: UpstreamRequest): string {
  if (!token.test(method) || !target.test(path)) throw new RangeError('a request line that is none')
  return `${method} ${path} HTTP/1.1\r\n${headers}${framing(method, body)}${upgrade ? upgrading : kept}`
}

function framing(method: string, body: UpstreamRequest['body']): string {
  if (body === undefined) return bodied.has(method) ? 'content-length: 0\r\n' : ''
  return body.length === undefined ? 'transfer-encoding: chunked\r\n' : `content-length: ${body.length}\r\n`
}

const kept = 'connection: keep-alive\r\n\r\n'
const upgrading = 'connection: upgrade\r\nupgrade: websocket\r\n\r\n'
