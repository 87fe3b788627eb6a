import { GatewayError } from './errors.ts'
import type { Guard, GuardedRequest } from './guard.ts'
import type { GuardedRoute } from './route.ts'

/** A request in somebody's name whose answer has not ended, or the WebSocket it became. */
export interface OpenExchange {
  readonly route: GuardedRoute
  readonly request: GuardedRequest
  /** Whether its client did something since this was asked last: that keeps a session alive, being open does not. */
  readonly wasUsed: () => boolean
  readonly end: (because: Ending) => void
}

/** Whoever opened it may not go on, or the store has been away for so long that nobody can tell any more. */
export type Ending = 'session_ended' | 'store_unavailable'

/** With the time between two rechecks, five seconds at most pass between an end that nobody told of and its effect. */
const confirmedWithinMs = 1_000

/** All exchanges that last. See `createOpenExchanges`. */
export type OpenExchanges = ReturnType<typeof createOpenExchanges>

/**
 * Exchanges that may outlive the right to them: each is asked about again, as if it came now, and ended when it would
 * not pass any more. While the provider is away nothing ends; while the store is, what `serve_cached_for` still covers.
 */
export function createOpenExchanges({ admit }: Pick<Guard, 'admit'>) {
  /** By slots that are used again: a Set that is added to and deleted from all the time is garbage all the time. */
  const slots: (OpenExchange | undefined)[] = []
  const free: number[] = []
  /** Credentials that are being asked about. One that waits for its provider does not keep the others waiting. */
  const asking = new Set<string>()

  /** One question for all that one session, or one bearer, has open on a route. */
  async function recheckAlike(credential: string, alike: readonly OpenExchange[]): Promise<void> {
    const [first] = alike
    if (first === undefined || asking.has(credential)) return
    asking.add(credential)
    const isUse = alike.filter((exchange) => exchange.wasUsed()).length > 0
    const ending = await endingOf(first, isUse)
    asking.delete(credential)
    if (ending === undefined) return
    for (const exchange of alike) if (slots.includes(exchange)) exchange.end(ending)
  }

  async function endingOf({ route, request }: OpenExchange, isUse: boolean): Promise<Ending | undefined> {
    try {
      return (await admit(route, request, { isUse, confirmedWithinMs })) === undefined ? 'session_ended' : undefined
    } catch (error) {
      if (!(error instanceof GatewayError)) return undefined
      if (error.code === 'store_unavailable') return error.code
      return error.status < 500 ? 'session_ended' : undefined
    }
  }

  async function recheck(): Promise<void> {
    const open = slots.filter((exchange) => exchange !== undefined)
    const groups = Map.groupBy(open, credentialOf)
    await Promise.all([...groups].map(([credential, alike]) => recheckAlike(credential, alike)))
  }

  return {
    /** From now on the exchange is asked about. Gives its slot. */
    add(exchange: OpenExchange): number {
      const slot = free.pop() ?? slots.length
      slots[slot] = exchange
      return slot
    },

    /** It has ended. */
    delete(slot: number): void {
      slots[slot] = undefined
      free.push(slot)
    },

    recheck,

    /** Rechecks all of them every `ms` milliseconds, until the function that it gives is called. */
    recheckEvery(ms: number): () => void {
      const timer = setInterval(recheck, ms)
      timer.unref()
      return () => clearInterval(timer)
    },
  }
}

function credentialOf({ route, request }: OpenExchange): string {
  return [route.name, route.provider, request.cookie, request.headers.authorization].join('\n')
}
