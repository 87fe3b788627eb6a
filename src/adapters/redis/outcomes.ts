// What became of a command, as far as the words of Redis and of ioredis tell; neither has codes.

/** Redis said no before anything was done: it is a replica by now, or not ready, or the slot is on its way elsewhere. */
export function isRefusal(error: unknown): boolean {
  return /\b(?:READONLY|NOREPLICAS|MASTERDOWN|LOADING|TRYAGAIN|CLUSTERDOWN)\b|non local key/.test(messageOf(error))
}

/** It was not sent: there is no connection. */
export function isUnsent(error: unknown): boolean {
  return messageOf(error).startsWith("Stream isn't writeable")
}

/** Its connection ended before the answer. */
export function isCut(error: unknown): boolean {
  return /^(?:Connection is closed|Reached the max retries per request limit)/.test(messageOf(error))
}

/** All Sentinels were asked, and are asked anew. Why none of them helped has been said of each. */
export function isOnceAround(error: unknown): boolean {
  return messageOf(error).startsWith('All sentinels are unreachable')
}

/** The database of `store.url` was refused: there is none of that number, or this user may not choose. */
export function isOfDatabase(error: unknown): boolean {
  return error instanceof Error && (error as { command?: { name?: unknown } }).command?.name === 'select'
}

/** Why, for the log. The message only: ioredis hangs the command on its errors, with all arguments. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code = error.name, lastNodeError } = error as Error & { code?: string; lastNodeError?: unknown }
  const deeper = lastNodeError ?? error.cause
  if (deeper instanceof Error) return reasonOf(deeper)
  return isOfDatabase(error) ? `the database of store.url: ${error.message}` : error.message || code
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : '')
