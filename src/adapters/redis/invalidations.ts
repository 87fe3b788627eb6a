import { Redis } from 'ioredis'
import type { InvalidationListener, Invalidations } from '../../core/ports.ts'
import { connectionOptions } from './client.ts'

/** Hears of it once whenever changes by others begin or cease to be heard. `detail` is for the log, without secrets. */
type OnHearing = (isHearing: boolean, detail: string) => void

export interface InvalidationOptions {
  readonly url: string
  /** Where the scripts that change records say whose they were. */
  readonly channel: string
  readonly onHearing?: OnHearing
  /** How often a silent subscription is asked whether it is alive. Milliseconds. */
  readonly pingEveryMs?: number
  /** How long it may take to answer. Milliseconds. */
  readonly answerWithinMs?: number
}

/** What replicas tell each other through Redis. */
export interface RedisInvalidations extends Invalidations {
  readonly channel: string
  /** Passes on a change that was made here. */
  readonly changed: InvalidationListener['changed']
  readonly close: () => void
}

/** Subscribes, over a connection of its own, once there is somebody who listens. */
export function createInvalidations({
  url,
  channel,
  onHearing,
  pingEveryMs = 3_000,
  answerWithinMs = 2_000,
}: InvalidationOptions): RedisInvalidations {
  let listener: InvalidationListener | undefined
  let isHearing: boolean | undefined
  let stop = () => {}

  function report(hearing: boolean, detail: string): void {
    if (hearing === isHearing) return
    isHearing = hearing
    listener?.hearing(hearing)
    onHearing?.(hearing, detail)
  }

  function subscribe(): void {
    const redis = new Redis(url, { ...connectionOptions, commandTimeout: answerWithinMs, autoResubscribe: false })
    let trouble = 'the connection was closed'
    redis.on('error', (error: Error & { code?: string }) => {
      trouble = error.message || (error.code ?? error.name)
    })
    redis.on('message', (_channel, user) => listener?.changed(user))
    redis.on('ready', check)
    const lost = () => report(false, trouble)
    redis.on('close', lost)

    /** A connection that died without a word looks like one on which nothing happens. */
    async function check(): Promise<void> {
      try {
        if (isHearing) await redis.ping()
        else await redis.subscribe(channel)
        report(true, 'subscribed')
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error)
        lost()
        // Who refuses is alive, and is asked again at the next turn.
        if (!(error instanceof Error && error.name === 'ReplyError')) redis.disconnect(true)
      }
    }
    const pings = setInterval(() => redis.status === 'ready' && check(), pingEveryMs)
    pings.unref()

    stop = () => {
      clearInterval(pings)
      redis.off('close', lost)
      redis.disconnect()
    }
  }

  return {
    channel,
    listen(to) {
      listener = to
      if (isHearing === undefined) subscribe()
      else to.hearing(isHearing)
    },
    changed: (user) => listener?.changed(user),
    close: () => stop(),
  }
}
