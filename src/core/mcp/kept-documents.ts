import { LRUCache } from 'lru-cache'
import { GatewayError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import { createSingleFlight } from '../single-flight.ts'
import { createAddressWindows } from '../windows.ts'
import { OAuthError } from './oauth-error.ts'

/** Gets a document from an address. Throws when it cannot be had, with a reason that is for the log alone. */
export type FetchDocument = (address: string) => Promise<FetchedDocument>

export interface FetchedDocument {
  readonly text: string
  /** How long its host lets it be kept; `undefined` when it does not say. */
  readonly maxAgeMs: number | undefined
}

/**
 * A document of a client's, its own or its keys: a copy that its host lets us keep and that is not older than `maxAgeMs`,
 * or else a new one. Throws `temporarily_unavailable`, and `rate_limited`.
 */
export type ReadDocument = (address: string, maxAgeMs?: number) => Promise<unknown>

interface KeptDocumentsOptions {
  readonly fetch: FetchDocument
  readonly now: Clock
  /** The address of the client in the course of whose request something is wanted. */
  readonly clientAddress: () => string
}

const [second, minute, hour] = [1_000, 60_000, 3_600_000]
const usualAgeMs = 10 * minute
const leastAgeMs = minute
const mostAgeMs = 24 * hour
/** A host that is away for a while signs nobody out. */
const afterAgeMs = hour
/** How long an address is left alone that gave nothing, or gave a copy that someone finds too old. */
export const pauseMs = 10 * second
/** At once. Those of one client address cannot use them up. */
const maxUnderWay = 100
const perMinute = 60
const maxCharacters = 16_000_000
const maxFailures = 2_000

interface Kept extends FetchedDocument {
  readonly fetchedAt: number
  readonly freshUntil: number
}

/** See `ReadDocument`. Each copy is bounded by whoever fetches it; all together are here. */
export function createKeptDocuments({ fetch, now, clientAddress }: KeptDocumentsOptions): ReadDocument {
  const kept = new LRUCache<string, Kept>({ maxSize: maxCharacters, sizeCalculation: ({ text }) => text.length + 200 })
  const failures = new LRUCache<string, { readonly until: number; readonly cause: unknown }>({ max: maxFailures })
  const windows = createAddressWindows(perMinute, minute)
  const fetchOnce = createSingleFlight<Kept>()
  let underWay = 0

  async function refetch(address: string): Promise<Kept> {
    const failure = failures.get(address)
    if (failure !== undefined && now() < failure.until) throw unavailable(failure.cause)
    takeTurn()
    underWay++
    try {
      const fetched = await fetch(address)
      const ageMs = Math.min(mostAgeMs, Math.max(leastAgeMs, fetched.maxAgeMs ?? usualAgeMs))
      const entry = { ...fetched, fetchedAt: now(), freshUntil: now() + ageMs }
      kept.set(address, entry)
      return entry
    } catch (cause) {
      failures.set(address, { until: now() + pauseMs, cause })
      throw unavailable(cause)
    } finally {
      underWay--
    }
  }

  function takeTurn(): void {
    const window = windows(clientAddress())
    const waitMs = underWay < maxUnderWay ? window.waitMs(now()) : second
    if (waitMs > 0) throw new GatewayError('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / second) })
    window.take(now())
  }

  async function newest(address: string, maxAgeMs: number): Promise<Kept> {
    const known = kept.get(address)
    if (known !== undefined && now() < known.freshUntil && now() - known.fetchedAt < maxAgeMs) return known
    try {
      return await fetchOnce(address, () => refetch(address))
    } catch (error) {
      if (known !== undefined && now() < known.freshUntil + afterAgeMs) return known
      throw error
    }
  }

  return async (address, maxAgeMs = mostAgeMs) => parsed((await newest(address, maxAgeMs)).text)
}

/** One answer for all there may be behind it: whoever named the address learns nothing of what we can reach. */
function unavailable(cause: unknown): OAuthError {
  return new OAuthError(
    'temporarily_unavailable',
    "A document of the client's could not be had. Its host must be public, and answer by https within 5 seconds, with status 200 and JSON of at most 64 KB, without a redirect.",
    { cause },
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
