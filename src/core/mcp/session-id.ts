import { foldHeaderName, type RawHeaders } from '../headers.ts'
import { invalidRequest, MessageError } from './message.ts'

const header = 'mcp-session-id'

/**
 * The session that a client names (2025-11-25, Session Management). Throws MessageError for what two servers could read in
 * two ways: several of them, another spelling of the header, characters that no id has.
 */
export function sessionIdOf(raw: RawHeaders): string | undefined {
  const at = raw.findIndex((name, index) => index % 2 === 0 && foldHeaderName(name) === header)
  if (at < 0) return undefined
  const isOnly = !raw.some((name, index) => index % 2 === 0 && index > at && foldHeaderName(name) === header)
  const id = raw[at + 1] ?? ''
  if (isOnly && raw[at]?.toLowerCase() === header && /^[\x21-\x7e]+$/.test(id)) return id
  throw new MessageError(invalidRequest, 'Send one Mcp-Session-Id, as the server gave it.')
}
