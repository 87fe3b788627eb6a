import type { Clock } from '../../core/ports.ts'
import { createSingleFlight } from '../../core/single-flight.ts'
import { fetchJson } from '../fetch-json.ts'

/** However often somebody wants to know. Milliseconds. */
const rememberedMs = 5_000

/** Whether something answers at an address of the provider's, asked at most every five seconds. Never throws. */
export function createReachable(
  addressOf: () => Promise<string | undefined>,
  { timeoutMs }: { readonly timeoutMs: number },
  now: Clock,
): () => Promise<boolean> {
  const askOnce = createSingleFlight<boolean>()
  let answer = false
  let askedAt = Number.NEGATIVE_INFINITY

  async function ask(): Promise<boolean> {
    answer = await reach().catch(() => false)
    askedAt = now()
    return answer
  }

  async function reach(): Promise<boolean> {
    const address = await addressOf()
    // Of one without an address that can be asked for nothing, nobody knows.
    return address === undefined || (await fetchJson(address, { timeoutMs })).status < 500
  }

  return async () => (now() - askedAt < rememberedMs ? answer : askOnce('', ask))
}
