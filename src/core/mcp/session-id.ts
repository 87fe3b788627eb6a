import { foldHeaderName, type RawHeaders } from '../headers.ts'
import { invalidRequest, MessageError } from './message.ts'

const header = 'mcp-session-id'

/**
 * The session that a client names (2025-11-25, Session Management). Throws MessageError for what two servers could read in
 * two ways: several of them, another spelling of the header, characters that no id has.
 */
export function sessionIdOf(raw: RawHeaders): string | undefined {
  let found: string | undefined
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    // Spelled in another way it is as long.
    if (name.length !== header.length || foldHeaderName(name) !== header) continue
    const value = raw[i + 1] ?? ''
    if (found !== undefined || name.toLowerCase() !== header || !/^[\x21-\x7e]+$/.test(value)) {
      throw new MessageError(invalidRequest, 'Send one Mcp-Session-Id, as the server gave it.')
    }
    found = value
  }
  return found
}
