import type { UpstreamRequest } from '../../core/upstream-client.ts'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const target = /^[\x21-\x7e\x80-\xff]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
/** How the body is framed, and what is for this connection only, is said here and nowhere else. */
const ours = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'te', 'trailer'])

/** Methods whose requests usually have a body: without one they say so (RFC 9110 section 8.6). */
const bodied = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])

const knownNames = new Set<string>()
const maxNames = 500

/** The head of a request, as it is sent (RFC 9112 sections 3 to 6). Throws RangeError for what would break it. */
export function requestHead({ method, path, headers, body, upgrade }: UpstreamRequest): string {
  if (!token.test(method) || !target.test(path)) throw new RangeError('a request line that is none')
  let head = `${method} ${path} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (!knownNames.has(name)) learn(name)
    if (!fieldValue.test(value)) throw new RangeError(`a value that cannot stand in the header ${name}`)
    head += `${name}: ${value}\r\n`
  }
  if (body !== undefined) head += body.length === undefined ? chunked : `content-length: ${body.length}\r\n`
  else if (bodied.has(method)) head += 'content-length: 0\r\n'
  return head + (upgrade ? upgrading : kept)
}

const chunked = 'transfer-encoding: chunked\r\n'
const kept = 'connection: keep-alive\r\n\r\n'
const upgrading = 'connection: upgrade\r\nupgrade: websocket\r\n\r\n'

function learn(name: string): void {
  if (!token.test(name)) throw new RangeError('a header name that is none')
  if (ours.has(name.toLowerCase())) throw new RangeError(`${name} is not the caller's to say`)
  if (knownNames.size >= maxNames) knownNames.clear()
  knownNames.add(name)
}
