import { LRUCache } from 'lru-cache'
import { isStoreAway } from './errors.ts'
import type { Clock, Invalidations, UserHash } from './ports.ts'

/** What lets somebody in, opened: of a user, and until when. */
interface Held {
  readonly user: UserHash
  /** The end that no use moves. Milliseconds since the epoch. */
  readonly endsAt: number
}

/** Reads what a credential names, with the token sets of these providers. It gives `known` itself when that still holds. */
type Read<Session> = (
  credential: string | undefined,
  providers: readonly string[],
  known?: Session,
) => Promise<Session | undefined>

interface SessionCacheOptions<Session> {
  readonly read: Read<Session>
  readonly invalidations: Invalidations
  readonly now: Clock
  /** How long after its last confirmation a session works while the store is away. Milliseconds. */
  readonly serveCachedForMs: number
  /** How many sessions are kept. */
  readonly max: number
}

/** A session with the token sets of these providers, as the store had them. */
interface Entry<Session> {
  readonly session: Session
  readonly providers: readonly string[]
  /** When the store was asked: it held at least then. Milliseconds since the epoch. */
  confirmedAt: number
  /** The period of unbroken hearing in which it was asked. */
  period: number
}

interface Reading<Session> {
  readonly providers: readonly string[]
  readonly answer: Promise<Session | undefined>
}

const confirmedForMs = 10_000
const readAgainAfterMs = 5_000

/**
 * Opened sessions of browsers, or grants of clients, ready to use, in the place of `read`. One that the store confirmed
 * in the last ten seconds, or `withinMs` milliseconds where a read says so, is used as it is, unless a change of its user was heard of or could have been missed; then it is read again first. Only when
 * that fails because the store is away, it is used for `serveCachedForMs` after its last confirmation.
 * Throws as `read` does. That there is no such session is not remembered.
 */
export function createSessionCache<Session extends Held>(options: SessionCacheOptions<Session>) {
  const { invalidations, now, serveCachedForMs, max } = options
  const credentialsOf = new Map<UserHash, Set<string>>()
  const entries = new LRUCache<string, Entry<Session>>({ max, dispose: forget })
  /** What the store is being asked. An answer that a change overtook is taken out, and not kept. */
  const readings = new Map<string, Reading<Session>>()
  let isHearing = false
  let period = 0
  /** How the sessions that were asked for were found; `stale`, although they could not be read again. */
  const results = { hit: 0, miss: 0, unconfirmed: 0, stale: 0 }

  invalidations.listen({
    changed(user) {
      for (const credential of credentialsOf.get(user) ?? []) entries.delete(credential)
      for (const credential of readings.keys()) if (credential.startsWith(user)) readings.delete(credential)
    },
    hearing(hearing) {
      isHearing = hearing
      period += 1
      readings.clear()
    },
  })

  async function read(
    credential: string | undefined,
    providers: readonly string[],
    withinMs = confirmedForMs,
  ): Promise<Session | undefined> {
    if (credential === undefined) return undefined
    // Not one that was used just now: all that are used are read again, and kept anew, every few seconds.
    const entry = entries.peek(credential)
    if (entry !== undefined && isConfirmed(entry, withinMs) && covers(entry, providers)) {
      results.hit += 1
      if (now() - entry.confirmedAt >= readAgainAfterMs) readAgain(credential, providers).catch(() => undefined)
      return usable(entry)
    }
    try {
      const session = await readAgain(credential, providers)
      results[entry === undefined ? 'miss' : 'unconfirmed'] += 1
      return session
    } catch (error) {
      const kept = entries.peek(credential)
      const age = now() - (kept?.confirmedAt ?? 0)
      if (kept === undefined || !covers(kept, providers) || age >= serveCachedForMs) throw error
      results.stale += 1
      return usable(kept)
    }
  }

  function isConfirmed({ period: then, confirmedAt }: Entry<Session>, withinMs: number): boolean {
    return isHearing && then === period && now() - confirmedAt < withinMs
  }

  /** Asks the store, at most once at a time for each credential. */
  function readAgain(credential: string, wanted: readonly string[]): Promise<Session | undefined> {
    const current = readings.get(credential)
    if (current !== undefined && covers(current, wanted)) return current.answer
    const known = entries.peek(credential)
    const providers = known && covers(known, wanted) ? known.providers : unionOf(known?.providers ?? [], wanted)
    const asked = { providers, confirmedAt: now(), period }

    const reading: Reading<Session> = { providers, answer: answered() }
    readings.set(credential, reading)
    return reading.answer

    async function answered(): Promise<Session | undefined> {
      try {
        const session = await options.read(credential, providers, known?.session)
        if (session === undefined) entries.delete(credential)
        else if (readings.get(credential) === reading) keep(credential, { session, ...asked })
        return session
      } catch (error) {
        // The store answers: what it had before is no good to those who ask now.
        if (!isStoreAway(error)) entries.delete(credential)
        throw error
      } finally {
        if (readings.get(credential) === reading) readings.delete(credential)
      }
    }
  }

  function keep(credential: string, entry: Entry<Session>): void {
    const { user } = entry.session
    const kept = entries.get(credential)
    // Nearly all that is read again is as it was. Nothing new is made of it then, which would be all over the memory.
    if (kept?.session === entry.session && kept.providers === entry.providers) {
      kept.confirmedAt = entry.confirmedAt
      kept.period = entry.period
      return
    }
    entries.set(credential, entry)
    credentialsOf.set(user, (credentialsOf.get(user) ?? new Set()).add(credential))
  }

  function forget({ session: { user } }: Entry<Session>, credential: string): void {
    const credentials = credentialsOf.get(user)
    credentials?.delete(credential)
    if (credentials?.size === 0) credentialsOf.delete(user)
  }

  /** No use moves the end of a session. */
  function usable({ session }: Entry<Session>): Session | undefined {
    return session.endsAt > now() ? session : undefined
  }

  return { read, results }
}

function unionOf(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])]
}

function covers({ providers }: Pick<Entry<unknown>, 'providers'>, wanted: readonly string[]): boolean {
  return wanted.every((provider) => providers.includes(provider))
}
