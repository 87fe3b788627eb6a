import { Redis } from 'ioredis'
import type { StoreOutcome } from '../../core/check/store.ts'
import { networkFailure } from '../network-failure.ts'

interface InspectOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Asks a Redis what it is, over a connection of its own that is closed again. Changes nothing. Never throws. */
export async function inspectRedis(url: string, { timeoutMs, signal }: InspectOptions): Promise<StoreOutcome> {
  const redis = new Redis(url, {
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    disconnectTimeout: 200,
  })
  let trouble: unknown
  redis.on('error', (error) => {
    trouble = error
  })
  const stop = () => redis.disconnect()
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    await redis.connect()
    const info = await unlessForbidden(() => redis.info())
    if (info === undefined) await redis.ping()
    const save = await unlessForbidden(async () => (await redis.config('GET', 'save')) as string[])
    return { info: info === undefined ? undefined : fieldsOf(info), save: save?.[1] }
  } catch (error) {
    if (signal.aborted) return { failure: 'not_asked', code: '' }
    const refusal = replyCode(error) ?? replyCode(trouble)
    return refusal === undefined ? networkFailure(trouble ?? error) : { refusal }
  } finally {
    signal.removeEventListener('abort', stop)
    redis.disconnect()
  }
}

/** `undefined` when this user may not run the command, or the service has taken it away. */
async function unlessForbidden<Answer>(command: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await command()
  } catch (error) {
    const code = replyCode(error)
    if (code === 'NOPERM' || code === 'ERR') return undefined
    throw error
  }
}

/** The first word of an error that Redis replied; the rest may repeat what was sent. */
function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined
  return /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR'
}

function fieldsOf(info: string): Record<string, string> {
  return Object.fromEntries(
    info.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':')
      return at < 0 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    }),
  )
}
