import { LRUCache } from 'lru-cache'
import { GatewayError } from '../errors.ts'
import { createNamingKeys, hashWith } from '../naming-keys.ts'
import type { Audit, Clock, Invalidations, Keyring, RecordStore, UserHash } from '../ports.ts'
import type { Route } from '../route.ts'
import { openRecord, sealRecord } from '../sealed-record.ts'
import { createWindows } from '../windows.ts'

interface SessionOwnersOptions {
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly invalidations: Invalidations
  readonly now: Clock
  readonly audit: Audit
}

/** A session of an MCP server: ids are unique at one server, which several routes may lead to. */
export interface McpSession {
  readonly route: Pick<Route, 'name' | 'upstream'>
  /** Its `Mcp-Session-Id`. */
  readonly id: string
}

interface Owned {
  readonly userKey: string
  readonly touchedAt: number
}

/** Whose the sessions of MCP servers are. See `createSessionOwners`. */
export type SessionOwners = ReturnType<typeof createSessionOwners>

const recordName = 'm:owner'
const hourMs = 3_600_000
const keptForMs = 7 * 24 * hourMs
const freeForMs = 10_000
/** What one user may have bound in a minute, so that nobody fills the store with made-up ids. */
const newSessionsPerMinute = 300
const max = 20_000

/**
 * Binds each session of an MCP server to the user who first used it with a token, or whom the server gave it to. Servers
 * up to 2025-11-25 know their clients by it, and an id that leaked must not do for somebody else (2025-11-25, Security
 * Best Practices, Session Hijacking). A session that only nobody uses is free. An owner never changes, and is forgotten a
 * week after the last use.
 */
export function createSessionOwners({ records, keyring, invalidations, now, audit }: SessionOwnersOptions) {
  const namingKeys = createNamingKeys({ records, keyring, now })
  const places = new LRUCache<string, UserHash>({ max: 2 * max })
  const owned = new LRUCache<UserHash, Owned>({ max })
  /** Until when a session counts as free without asking. Milliseconds since the epoch. */
  const free = new LRUCache<UserHash, { readonly until: number }>({ max })
  const newSessions = createWindows(newSessionsPerMinute, 60_000)
  let isHearing = false

  invalidations.listen({
    changed: (place) => void free.delete(place),
    hearing(hearing) {
      isHearing = hearing
      free.clear()
    },
  })

  /** Whose a session is; a free one is this user's from now on, if there is one. */
  async function ownerOf(session: McpSession, userKey: string | undefined): Promise<string | undefined> {
    const place = await placeOf(session)
    const known = owned.get(place)
    if (known !== undefined) {
      keep(place, known)
      return known.userKey
    }
    if (userKey === undefined && isFree(place)) return undefined
    for (;;) {
      // A change that is heard of meanwhile takes it out: then the answer is not remembered.
      const asking = { until: 0 }
      free.set(place, asking)
      const [record] = await records.read(place, [recordName])
      if (record?.state === 'live') {
        const { userKey: owner } = openRecord<Pick<Owned, 'userKey'>>(keyring, place, recordName, record.body)
        return remember(place, { userKey: owner, touchedAt: Number.NEGATIVE_INFINITY })
      }
      if (userKey === undefined) {
        if (free.get(place) === asking) free.set(place, { until: now() + freeForMs })
        return undefined
      }
      limit(userKey)
      const body = sealRecord(keyring, place, recordName, { userKey })
      const binding = { state: 'live', mark: '', reason: '', body, ttlMs: keptForMs } as const
      const version = await records.write(place, recordName, binding, { new: true })
      if (version !== undefined) return remember(place, { userKey, touchedAt: now() })
    }
  }

  /** Stands where a user hash would. No user key looks like this: providers' names have no space in them. */
  async function placeOf({ route, id }: McpSession): Promise<UserHash> {
    const text = `mcp-session ${route.upstream.origin} ${id}`
    const known = places.get(text)
    if (known !== undefined) return known
    const [key] = await namingKeys()
    const place = hashWith(key, text).slice(0, 22)
    places.set(text, place)
    return place
  }

  function isFree(place: UserHash): boolean {
    return isHearing && now() < (free.get(place)?.until ?? 0)
  }

  function remember(place: UserHash, owner: Owned): string {
    free.delete(place)
    owned.set(place, owner)
    return owner.userKey
  }

  /** What is in use lasts. What the store has lost meanwhile is bound anew at the next use. */
  function keep(place: UserHash, { userKey, touchedAt }: Owned): void {
    if (now() - touchedAt < hourMs) return
    owned.set(place, { userKey, touchedAt: now() })
    const touched = records.touch(place, recordName, keptForMs)
    touched.then((isThere) => isThere || owned.delete(place)).catch(() => undefined)
  }

  function limit(userKey: string): void {
    const window = newSessions(userKey)
    const waitMs = window.waitMs(now())
    if (waitMs > 0) throw new GatewayError('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / 1000) })
    window.take(now())
  }

  return {
    /**
     * Lets a user, or nobody, use a session. Throws `token_required` and `mcp_session_refused` where it is somebody
     * else's, `rate_limited`, and `store_unavailable` when nobody can tell.
     */
    async admit(session: McpSession, userKey: string | undefined): Promise<void> {
      const owner = await ownerOf(session, userKey)
      if (owner === userKey) return
      audit('access_denied', { user: userKey, route: session.route.name, reason: "another user's MCP session" })
      throw new GatewayError(userKey === undefined ? 'token_required' : 'mcp_session_refused')
    },

    /** The server gave a session to a user. Nobody waits: where it cannot be kept, its first use binds it. */
    given(session: McpSession, userKey: string): void {
      ownerOf(session, userKey).catch(() => undefined)
    },
  }
}
