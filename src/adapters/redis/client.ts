import { Cluster, Command, type Redis } from 'ioredis'
import { GatewayError } from '../../core/errors.ts'
import { type StoreConnection, storeAddress } from '../../core/store-address.ts'
import { COMMAND_TIMEOUT_MS, connectForData, connectOnce } from './connections.ts'
import { isCut, isOnceAround, isRefusal, isUnsent, reasonOf } from './outcomes.ts'
import { defineScripts } from './scripts.ts'
import { watchSentinels } from './sentinel-watch.ts'

/** Hears of it once whenever Redis becomes available or stops being so. `detail` is for the log, without secrets. */
export type OnAvailability = (up: boolean, detail: string) => void

/** Connections that are made anew for ever: to one server, to the primary that Sentinels name, or to a Cluster. */
export interface RedisClient {
  /**
   * Sends a command. Throws GatewayError `store_unavailable` when Redis is away, refuses, or does not answer within a
   * second; whether a write took place is then unknown. What is refused for a moment, by a replica or while slots move,
   * had no effect and is sent again for up to a second; so is a read whose connection ended.
   */
  readonly ask: <Answer>(command: (redis: Redis | Cluster) => Promise<Answer>, isRead?: 'read') => Promise<Answer>
  /** Proves that Redis answers; of a Cluster, any primary. Throws as `ask`. */
  readonly ping: () => Promise<void>
  /** Whether one command may be about the records of several users: not in a Cluster. */
  readonly isOneServer: boolean
  /** The connection that commands on this key use, once they have used it. */
  readonly nodeOf: (key: string) => Redis | undefined
  /** A connection that hears what is published, to be connected and thrown away. In a Cluster to any node. */
  readonly createSubscriber: () => Redis
  /** Asks anew who the primary is. */
  readonly lookAgain: () => void
  /** Answers what was asked before, then ends the connections. Never throws. */
  readonly close: () => Promise<void>
}

const REPEAT_EVERY_MS = 50

/** Starts to connect, and returns at once. */
export function createRedis(connection: StoreConnection, onChange?: OnAvailability): RedisClient {
  const redis = connectForData(connection)
  defineScripts(redis)

  let up: boolean | undefined
  let isClosing = false
  let trouble = 'not connected yet'
  /** Until then a connection that is not there is about to be. */
  let movesUntil = 0
  function report(isUp: boolean, detail: string): void {
    if (isUp === up || isClosing) return
    up = isUp
    onChange?.(isUp, detail)
  }
  redis.on('sentinelError', (error) => {
    trouble = reasonOf(error)
  })
  redis.on('error', (error) => {
    if (!isOnceAround(error) && !isUnsent(error)) trouble = reasonOf(error)
    if (redis.status !== 'ready') report(false, trouble)
  })
  redis.on('close', () => report(false, trouble))
  if (redis instanceof Cluster) {
    redis.on('node error', (error, node) => {
      trouble = `${node}: ${reasonOf(error)}`
    })
    // Whenever it has heard who has which slots. A Cluster is up when each of them can be asked.
    redis.on('refresh', () => {
      const answers = Promise.all(redis.nodes('master').map((node) => node.ping()))
      answers.then(
        () => report(true, 'connected'),
        () => report(false, trouble),
      )
    })
  } else {
    redis.on('ready', () => {
      trouble = 'the connection was closed'
      report(true, 'connected')
    })
  }

  // What is asked while the very first connection is under way waits for its outcome, but not for long.
  const started = new Promise<void>((resolve) => {
    redis.once('ready', resolve)
    redis.once('close', resolve)
    setTimeout(resolve, COMMAND_TIMEOUT_MS).unref()
  })

  const ask: RedisClient['ask'] = async (command, isRead) => {
    await started
    const giveUp = performance.now() + COMMAND_TIMEOUT_MS
    for (let wasRefused = false; ; await sleep(REPEAT_EVERY_MS)) {
      try {
        // A Cluster would keep it, and might send it long after the answer was given up.
        if (redis instanceof Cluster && redis.status !== 'ready') throw new Error(trouble)
        return await command(redis)
      } catch (error) {
        wasRefused ||= isRefusal(error)
        const waits = wasRefused || performance.now() < movesUntil
        const hadNoEffect = isRefusal(error) || (waits && isUnsent(error)) || (isRead && isCut(error))
        if (hadNoEffect && performance.now() < giveUp) {
          wasRefused = true
          continue
        }
        const reason = redis.status !== 'ready' || isUnsent(error) || isCut(error) ? trouble : reasonOf(error)
        throw new GatewayError('store_unavailable', { cause: new Error(`Redis: ${reason}`) })
      }
    }
  }

  function lookAgain(): void {
    if (redis instanceof Cluster || redis.status !== 'ready') return
    movesUntil = performance.now() + COMMAND_TIMEOUT_MS
    redis.disconnect(true)
  }
  let subscriber: Redis | undefined
  // The Sentinel that was asked may have been behind the one that told: each of them tells.
  const sentinels = watchSentinels(connection, (host, port) => {
    const isElsewhere = ({ status, stream }: Redis) =>
      status === 'ready' && (stream.remoteAddress !== host || stream.remotePort !== port)
    if (!(redis instanceof Cluster) && isElsewhere(redis)) lookAgain()
    // What hears at the former primary hears nothing of what is written to the new one.
    if (subscriber !== undefined && isElsewhere(subscriber)) subscriber.disconnect()
  })

  return {
    ask,

    async ping() {
      await ask(async (redis) => {
        if (redis instanceof Cluster) await Promise.any(redis.nodes('master').map((node) => node.ping()))
        else await redis.ping()
      })
    },

    isOneServer: !(redis instanceof Cluster),

    nodeOf(key) {
      if (!(redis instanceof Cluster)) return redis
      const [place] = redis.slots[new Command('get', [key]).getSlot()] ?? []
      return redis.nodes('master').find(({ options }) => `${options.host}:${options.port}` === place)
    },

    createSubscriber() {
      if (!(redis instanceof Cluster)) {
        subscriber = connectOnce(connection)
        return subscriber
      }
      const known = redis.nodes().map(({ options: { host = '', port = 0 } }) => ({ host, port }))
      const nodes = known.length > 0 ? known : storeAddress(connection.url).nodes
      return connectOnce(connection, nodes[Math.floor(Math.random() * nodes.length)])
    },

    lookAgain,

    async close() {
      isClosing = true
      sentinels.close()
      // A node of a Cluster that is away would be waited for without end.
      await Promise.race([redis.quit().catch(() => undefined), sleep(COMMAND_TIMEOUT_MS)])
      redis.disconnect()
    },
  }
}

/** Keeps no process alive. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
