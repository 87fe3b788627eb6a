import { GatewayError } from './errors.ts'
import type { Clock, Sleep } from './ports.ts'

/** How often a provider's token endpoint may be called. Of each process on its own. */
export interface Budget {
  /**
   * Waits for the turn of a refresh; they come before all else.
   * Throws `provider_unavailable` when its turn would come later than that.
   */
  refresh(maxWaitMs: number): Promise<void>
  /** Lets a code be exchanged for a client at this address. Throws `rate_limited` when there are too many. */
  exchange(clientAddress: string): void
}

interface BudgetOptions {
  /** Calls in any one second. */
  readonly perSecond: number
  readonly now: Clock
  readonly sleep: Sleep
}

const second = 1_000
/** Over which sign-ins are counted: people come in waves. */
const waveMs = 10 * second
const maxAddresses = 10_000

/**
 * Refreshes may use all of it. Code exchanges get a quarter, and those of one client address (of IPv6: of one /64
 * network) half of that, both counted over ten seconds; and half of any one second, so that a wave leaves room.
 */
export function createBudget({ perSecond, now, sleep }: BudgetOptions): Budget {
  const share = (perSecond / 4) * (waveMs / second)
  const calls = createWindow(perSecond, second)
  const exchanges = createWindow(share, waveMs)
  const burst = createWindow(perSecond / 2, second)
  const byAddress = new Map<string, Window>()
  let waiting = 0
  let lastTurn: Promise<void> = Promise.resolve()

  function windowOf(address: string): Window {
    const window = byAddress.get(address) ?? createWindow(share / 2, waveMs)
    // The one that was asked for longest ago goes.
    byAddress.delete(address)
    byAddress.set(address, window)
    for (const oldest of byAddress.keys()) {
      if (byAddress.size <= maxAddresses) break
      byAddress.delete(oldest)
    }
    return window
  }

  async function turn(): Promise<void> {
    const waitMs = calls.waitMs(now())
    if (waitMs > 0) await sleep(waitMs)
    calls.take(now())
    waiting--
  }

  return {
    async refresh(maxWaitMs) {
      const expectedMs = (waiting / perSecond) * second
      if (expectedMs > maxWaitMs) {
        throw new GatewayError('provider_unavailable', { retryAfterSeconds: Math.ceil(expectedMs / second) })
      }
      waiting++
      lastTurn = lastTurn.then(turn)
      return lastTurn
    },

    exchange(clientAddress) {
      const windows = [calls, burst, exchanges, windowOf(networkOf(clientAddress))]
      const waitMs = Math.max(waiting > 0 ? second : 0, ...windows.map((window) => window.waitMs(now())))
      if (waitMs > 0) throw new GatewayError('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / second) })
      for (const window of windows) window.take(now())
    },
  }
}

interface Window {
  /** How long until there is room for one more. Milliseconds. */
  waitMs(now: number): number
  take(now: number): void
}

/** So many in any stretch of time of this length, and at least one. */
function createWindow(limit: number, lengthMs: number): Window {
  const most = Math.max(1, Math.floor(limit))
  /** When the last ones were taken, the oldest first. */
  const taken: number[] = []
  return {
    waitMs: (now) => (taken.length < most ? 0 : Math.max(0, (taken[0] ?? 0) + lengthMs - now)),
    take(now) {
      taken.push(now)
      if (taken.length > most) taken.shift()
    },
  }
}

/** Who counts as one client: an IPv4 address, or the network that one IPv6 customer has to himself. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!plain.includes(':')) return plain
  const [front = [], back] = plain.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = back === undefined ? 0 : 8 - front.length - back.length
  return [...front, ...Array<string>(zeros).fill('0'), ...(back ?? [])].slice(0, 4).join(':')
}
