import { GatewayError } from './errors.ts'
import type { Clock, Sleep } from './ports.ts'
import { createAddressWindows, createWindow } from './windows.ts'

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

/**
 * Refreshes may use all of it. Code exchanges get a quarter, and those of one client address (of IPv6: of one /64
 * network) half of that, both counted over ten seconds; and half of any one second, so that a wave leaves room.
 */
export function createBudget({ perSecond, now, sleep }: BudgetOptions): Budget {
  const share = (perSecond / 4) * (waveMs / second)
  const calls = createWindow(perSecond, second)
  const exchanges = createWindow(share, waveMs)
  const burst = createWindow(perSecond / 2, second)
  const windowOf = createAddressWindows(share / 2, waveMs)
  let waiting = 0
  let lastTurn: Promise<void> = Promise.resolve()

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
      const windows = [calls, burst, exchanges, windowOf(clientAddress)]
      const waitMs = Math.max(waiting > 0 ? second : 0, ...windows.map((window) => window.waitMs(now())))
      if (waitMs > 0) throw new GatewayError('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / second) })
      for (const window of windows) window.take(now())
    },
  }
}
