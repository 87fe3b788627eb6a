import type { CookieChange } from './sealed-cookies.ts'

/** When a page that loads itself again shall do so, and since when it has been doing it. */
export interface Retry {
  readonly delaySeconds: number
  /** Milliseconds since the epoch; `undefined` the first time. */
  readonly since: number | undefined
  /** What the browser remembers of it. It forgets soon after the last time. */
  readonly cookie: CookieChange
}

const firstSeconds = 5
const mostSeconds = 60
const maxCount = 9

/** The next time: each load waits twice as long as the one before, from five seconds to a minute. */
export function nextRetry(name: string, remembered: string | undefined, atLeastSeconds: number, now: number): Retry {
  const [, count = '0', seconds] = /^(\d)\.(\d{10})$/.exec(remembered ?? '') ?? []
  const since = seconds === undefined || Number(seconds) * 1000 > now ? undefined : Number(seconds) * 1000
  const past = since === undefined ? 0 : Number(count)
  const delaySeconds = Math.max(atLeastSeconds, Math.min(firstSeconds * 2 ** past, mostSeconds))
  const value = `${Math.min(past + 1, maxCount)}.${Math.floor((since ?? now) / 1000)}`
  return { delaySeconds, since, cookie: { name, value, maxAgeSeconds: delaySeconds + mostSeconds } }
}
