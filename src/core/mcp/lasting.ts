import type { McpRequest } from './message.ts'

/** How long an exchange with an MCP server may last. */
export interface Lasting {
  /** It waits for what the server may have to say some time: silence is no sign of a fault. */
  readonly listens: boolean
  /** Its client's going away does not cancel it. */
  readonly outlivesClient: boolean
}

/** The first revision in which a client cancels a request by closing its connection (Streamable HTTP, Cancellation). */
const firstCancelling = '2026-07-28'

/** What the headers of a request say of that; in the newer era they have to agree with the body. */
export function lastingOf({ method, headers }: Pick<McpRequest, 'method' | 'headers'>): Lasting {
  const version = headers['mcp-protocol-version']
  const isOlder = version === undefined || (isDate(version) && version < firstCancelling)
  return {
    listens: method === 'GET' || headers['mcp-method'] === 'subscriptions/listen',
    // The stream itself is what a GET asks for; a message is for the server to work on (2025-11-25, Sending Messages).
    outlivesClient: method === 'POST' && isOlder,
  }
}

function isDate(version: string | string[]): version is string {
  return typeof version === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(version)
}
