import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { InvalidationListener, Invalidations } from '../../core/ports.ts'
import type { RedisClient } from './client.ts'
import { retryDelayMs } from './connections.ts'
import { reasonOf } from './outcomes.ts'

/** Hears of it once whenever changes by others begin or cease to be heard. `detail` is for the log, without secrets. */
type OnHearing = (isHearing: boolean, detail: string) => void

export interface InvalidationOptions {
  /** Where the scripts that change records say whose they were. */
  readonly channel: string
  readonly onHearing?: OnHearing
  /** How often a message is sent round to see whether it arrives. Milliseconds. */
  readonly probeEveryMs?: number
  /** How long it may take to arrive. Milliseconds. */
  readonly arriveWithinMs?: number
}

/** What replicas tell each other through Redis. */
export interface RedisInvalidations extends Invalidations {
  readonly channel: string
  /** Passes on a change that was made here. */
  readonly changed: InvalidationListener['changed']
  readonly close: () => void
}

// No user hash begins so.
const probeMark = '?'

/**
 * Subscribes, over a connection of its own, once there is somebody who listens. Changes count as heard while what is
 * published over the connection that writes arrives here: a subscription that died without a word, or that is at a
 * server which is cut off or no primary any more, looks like one on which nothing happens.
 */
export function createInvalidations(
  { ask, createSubscriber, lookAgain }: Pick<RedisClient, 'ask' | 'createSubscriber' | 'lookAgain'>,
  { channel, onHearing, probeEveryMs = 3_000, arriveWithinMs = 2_000 }: InvalidationOptions,
): RedisInvalidations {
  const probe = probeMark + randomUUID()
  let listener: InvalidationListener | undefined
  let isHearing: boolean | undefined
  let subscriber: Redis | undefined
  let isClosed = false

  function report(hearing: boolean, detail: string): void {
    if (hearing === isHearing || isClosed) return
    isHearing = hearing
    listener?.hearing(hearing)
    onHearing?.(hearing, detail)
  }

  /** Subscribes and hears, until that ends. Throws why. */
  async function hear(redis: Redis): Promise<never> {
    let arrived = () => {}
    redis.on('message', (_channel, message) => {
      if (message === probe) arrived()
      else if (!message.startsWith(probeMark)) listener?.changed(message)
    })
    await redis.connect()
    await redis.subscribe(channel)
    for (let isFirst = true; redis.status === 'ready'; isFirst = false) {
      const arrival = new Promise<true>((resolve) => {
        arrived = () => resolve(true)
      })
      const sent = ask((data) => data.publish(channel, probe))
      if (!(await Promise.race([sent.then(() => arrival), sleep(arriveWithinMs)]))) {
        // A new subscription and the connection that writes are at different servers: one of them is behind the times.
        if (isFirst && redis.status === 'ready') lookAgain()
        throw new Error('what is published does not arrive')
      }
      report(true, 'subscribed')
      await sleep(probeEveryMs)
    }
    throw new Error('the connection was closed')
  }

  async function keepHearing(): Promise<void> {
    for (let attempt = 0; !isClosed; attempt++) {
      const redis = createSubscriber()
      subscriber = redis
      let trouble: unknown
      redis.on('error', (error) => {
        trouble = error
      })
      const end = new Promise<never>((_, reject) => {
        redis.once('end', () => reject(trouble ?? new Error('the connection was closed')))
      })
      try {
        await Promise.race([hear(redis), end])
      } catch (error) {
        if (isHearing) attempt = 0
        report(false, reasonOf(trouble ?? error))
      }
      redis.disconnect()
      await sleep(Math.min(retryDelayMs(attempt), probeEveryMs))
    }
  }

  return {
    channel,
    listen(to) {
      listener = to
      if (subscriber === undefined) void keepHearing()
      else if (isHearing !== undefined) to.hearing(isHearing)
    },
    changed: (user) => listener?.changed(user),
    close() {
      isClosed = true
      subscriber?.disconnect()
    },
  }
}

/** Keeps no process alive. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
