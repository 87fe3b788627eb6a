import { LRUCache } from 'lru-cache'
import { isStoreAway } from './errors.ts'
import type { Clock, Invalidations, UserHash } from './ports.ts'
import type { HeldSession, UserStore } from './user-store.ts'

interface SessionCacheOptions {
  readonly read: UserStore['readSession']
  readonly invalidations: Invalidations
  readonly now: Clock
  /** How long after its last confirmation a session works while the store is away. Milliseconds. */
  readonly serveCachedForMs: number
  /** How many sessions are kept. */
  readonly max: number
}

/** A session with the token sets of these providers, as the store had them. */
interface Entry {
  readonly session: HeldSession
  readonly providers: readonly string[]
  /** When the store was asked: it held at least then. Milliseconds since the epoch. */
  readonly confirmedAt: number
  /** The period of unbroken hearing in which it was asked. */
  readonly period: number
}

interface Reading {
  readonly providers: readonly string[]
  readonly answer: Promise<HeldSession | undefined>
}

const confirmedForMs = 10_000
const readAgainAfterMs = 5_000

/**
 * Opened sessions, ready to use, in the place of `read`. One that the store confirmed in the last ten seconds is used
 * as it is, unless a change of its user was heard of or could have been missed; then it is read again first. Only when
 * that fails because the store is away, it is used for `serveCachedForMs` after its last confirmation.
 * Throws as `read` does. That there is no such session is not remembered.
 */
export function createSessionCache({ read, invalidations, now, serveCachedForMs, max }: SessionCacheOptions) {
  const cookiesOf = new Map<UserHash, Set<string>>()
  const entries = new LRUCache<string, Entry>({ max, dispose: forget })
  /** What the store is being asked. An answer that a change overtook is taken out, and not kept. */
  const readings = new Map<string, Reading>()
  let isHearing = false
  let period = 0
  /** How the sessions that were asked for were found; `stale`, although they could not be read again. */
  const results = { hit: 0, miss: 0, unconfirmed: 0, stale: 0 }

  invalidations.listen({
    changed(user) {
      for (const cookie of cookiesOf.get(user) ?? []) entries.delete(cookie)
      for (const cookie of readings.keys()) if (cookie.startsWith(user)) readings.delete(cookie)
    },
    hearing(hearing) {
      isHearing = hearing
      period += 1
      readings.clear()
    },
  })

  async function readSession(
    cookie: string | undefined,
    providers: readonly string[],
  ): Promise<HeldSession | undefined> {
    if (cookie === undefined) return undefined
    const entry = entries.get(cookie)
    if (entry !== undefined && isConfirmed(entry) && covers(entry, providers)) {
      results.hit += 1
      if (now() - entry.confirmedAt >= readAgainAfterMs) readAgain(cookie, providers).catch(() => undefined)
      return usable(entry)
    }
    try {
      const session = await readAgain(cookie, providers)
      results[entry === undefined ? 'miss' : 'unconfirmed'] += 1
      return session
    } catch (error) {
      const kept = entries.peek(cookie)
      const age = now() - (kept?.confirmedAt ?? 0)
      if (kept === undefined || !covers(kept, providers) || age >= serveCachedForMs) throw error
      results.stale += 1
      return usable(kept)
    }
  }

  function isConfirmed({ period: then, confirmedAt }: Entry): boolean {
    return isHearing && then === period && now() - confirmedAt < confirmedForMs
  }

  /** Asks the store, at most once at a time for each cookie. */
  function readAgain(cookie: string, wanted: readonly string[]): Promise<HeldSession | undefined> {
    const current = readings.get(cookie)
    if (current !== undefined && covers(current, wanted)) return current.answer
    const known = entries.peek(cookie)
    const providers = [...new Set([...(known?.providers ?? []), ...wanted])]
    const asked = { providers, confirmedAt: now(), period }

    const reading: Reading = { providers, answer: answered() }
    readings.set(cookie, reading)
    return reading.answer

    async function answered(): Promise<HeldSession | undefined> {
      try {
        const session = await read(cookie, providers, known?.session)
        if (session === undefined) entries.delete(cookie)
        else if (readings.get(cookie) === reading) keep(cookie, { session, ...asked })
        return session
      } catch (error) {
        // The store answers: what it had before is no good to those who ask now.
        if (!isStoreAway(error)) entries.delete(cookie)
        throw error
      } finally {
        if (readings.get(cookie) === reading) readings.delete(cookie)
      }
    }
  }

  function keep(cookie: string, entry: Entry): void {
    const { user } = entry.session
    entries.set(cookie, entry)
    cookiesOf.set(user, (cookiesOf.get(user) ?? new Set()).add(cookie))
  }

  function forget({ session: { user } }: Entry, cookie: string): void {
    const cookies = cookiesOf.get(user)
    cookies?.delete(cookie)
    if (cookies?.size === 0) cookiesOf.delete(user)
  }

  /** No use moves the end of a session. */
  function usable({ session }: Entry): HeldSession | undefined {
    return session.session.endsAt > now() ? session : undefined
  }

  return { readSession, results }
}

function covers({ providers }: Entry | Reading, wanted: readonly string[]): boolean {
  return wanted.every((provider) => providers.includes(provider))
}
