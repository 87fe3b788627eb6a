import { Redis, type RedisOptions } from 'ioredis'
import { GatewayError } from '../../core/errors.ts'
import { defineScripts } from './scripts.ts'

/** Hears of it once whenever Redis becomes available or stops being so. `detail` is for the log, without secrets. */
export type OnAvailability = (up: boolean, detail: string) => void

/** A connection that is made anew for ever. */
export interface RedisClient {
  /**
   * Sends a command. Throws GatewayError `store_unavailable` when Redis is away, refuses, or does not answer within a
   * second; whether a write took place is then unknown.
   */
  readonly ask: <Answer>(command: (redis: Redis) => Promise<Answer>) => Promise<Answer>
  /** Answers what was asked before, then ends the connection. Never throws. */
  readonly close: () => Promise<void>
}

const COMMAND_TIMEOUT_MS = 1_000
const START_TIMEOUT_MS = 500
const SLOWEST_RETRY_MS = 2_000

/** What all our connections have in common. */
export const connectionOptions = {
  // RESP2: of RESP3's pushes ioredis passes on some only, and nothing here needs it.
  protocol: 2,
  connectTimeout: 2_000,
  disconnectTimeout: 200,
  // While Redis is away commands fail at once, and none is sent again: its first outcome is unknown.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, SLOWEST_RETRY_MS) * (0.5 + Math.random() / 2),
} as const satisfies RedisOptions

/** Starts to connect to `redis://user:password@host:port/db`, or `rediss://` for TLS, and returns at once. */
export function createRedis({
  url,
  onChange,
}: {
  readonly url: string
  readonly onChange?: OnAvailability
}): RedisClient {
  const redis = new Redis(url, {
    ...connectionOptions,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // A peer that says nothing for this long while it owes an answer is gone, whatever TCP believes.
    socketTimeout: 2 * COMMAND_TIMEOUT_MS,
    // After a failover the old primary still answers, as a replica.
    reconnectOnError: (error) => error.message.includes('READONLY'),
  })
  defineScripts(redis)

  let up: boolean | undefined
  let trouble = 'not connected yet'
  function report(isUp: boolean, detail: string): void {
    if (isUp === up) return
    up = isUp
    onChange?.(isUp, detail)
  }
  redis.on('error', (error: Error & { code?: string }) => {
    trouble = error.message || (error.code ?? error.name)
  })
  redis.on('ready', () => {
    trouble = 'the connection was closed'
    report(true, 'connected')
  })
  const reportDown = () => report(false, trouble)
  redis.on('close', reportDown)

  // What is asked while the very first connection is under way waits for its outcome, but not for long.
  const started = new Promise<void>((resolve) => {
    redis.once('ready', resolve)
    redis.once('close', resolve)
    setTimeout(resolve, START_TIMEOUT_MS).unref()
  })

  return {
    async ask(command) {
      await started
      try {
        return await command(redis)
      } catch (error) {
        // The message only: ioredis hangs the command on its errors, with all arguments.
        const reason = redis.status === 'ready' && error instanceof Error ? error.message : trouble
        throw new GatewayError('store_unavailable', { cause: new Error(`Redis: ${reason}`) })
      }
    },

    async close() {
      redis.off('close', reportDown)
      await redis.quit().catch(() => redis.disconnect())
    },
  }
}
