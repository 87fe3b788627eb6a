import type {
  Clock,
  InvalidationListener,
  ListedRecord,
  ListedUser,
  Locks,
  RecordName,
  RecordPattern,
  RecordStore,
  RevocationList,
  Store,
  StoredRecord,
  UserHash,
  WriteCondition,
} from '../core/ports.ts'
import { setAsideMs } from '../core/token-set.ts'
import { lifetimeMs, tombstoneMs } from './lifetimes.ts'

const SWEEP_EVERY_MS = 60_000

interface Lasting {
  readonly expiresAt: number
}

interface Entry extends Lasting {
  readonly record: StoredRecord
}

/** A store in this process: for development, for tests and for a gateway without Redis. Gone with the process. */
export function createMemoryStore({ now }: { readonly now: Clock }): Store {
  let listener: InvalidationListener | undefined
  return {
    records: createRecords(now, (user) => listener?.changed(user)),
    revocations: createRevocationList(now),
    locks: createLocks(now),
    // Only other processes look for users by address, and they cannot look in here.
    addresses: { add: async () => {}, find: async () => [] },
    invalidations: {
      listen(to) {
        listener = to
        // There is nobody else whose changes could be missed.
        to.hearing(true)
      },
    },
  }
}

function createRecords(now: Clock, changed: InvalidationListener['changed']): RecordStore {
  const users = new Map<UserHash, Map<RecordName, Entry>>()
  let sweepAt = now() + SWEEP_EVERY_MS

  // What nobody asks for again has to go as well; looking at everything once a minute of writes is cheap enough.
  function sweep(): void {
    if (now() < sweepAt) return
    sweepAt = now() + SWEEP_EVERY_MS
    for (const [user, entries] of users) {
      dropExpired(entries, now())
      if (entries.size === 0) users.delete(user)
    }
  }

  function entriesOf(user: UserHash): Map<RecordName, Entry> {
    const entries = users.get(user) ?? new Map<RecordName, Entry>()
    dropExpired(entries, now())
    return entries
  }

  function keep(user: UserHash, name: RecordName, record: StoredRecord, ttlMs: number): void {
    sweep()
    const entries = entriesOf(user)
    users.set(user, entries.set(name, { record, expiresAt: now() + lifetimeMs(ttlMs) }))
  }

  function setAside(user: UserHash, name: RecordName, { record, expiresAt }: Entry): void {
    if (!name.startsWith('t:') || record.mark === '') return
    const ttlMs = Math.min(expiresAt - now(), setAsideMs)
    keep(user, `r:${name.slice(2)}:${record.mark}`, { ...record, state: 'live', version: 1, reason: '' }, ttlMs)
  }

  return {
    async read(user, names) {
      const entries = entriesOf(user)
      return names.map((name) => {
        const entry = entries.get(name)
        return entry && { ...entry.record, body: Uint8Array.from(entry.record.body) }
      })
    },

    async write(user, name, { ttlMs, setsAside, ...record }, condition) {
      const entry = entriesOf(user).get(name)
      const there = entry?.record
      if (!holds(condition, there)) return undefined
      if (setsAside && entry !== undefined && entry.record.mark !== record.mark) setAside(user, name, entry)
      const version = (there?.version ?? 0) + 1
      keep(user, name, { ...record, version, body: Uint8Array.from(record.body) }, ttlMs)
      changed(user)
      return version
    },

    async touch(user, name, ttlMs) {
      const live = namesOf(entriesOf(user), name).flatMap((each) => {
        const record = entriesOf(user).get(each)?.record
        return record?.state === 'live' ? [{ each, record }] : []
      })
      for (const { each, record } of live) keep(user, each, record, ttlMs)
      return live.length > 0
    },

    async end(user, names, { reason, orphans }) {
      const endAll = (these: readonly RecordPattern[]) =>
        these
          .flatMap((pattern) => namesOf(entriesOf(user), pattern))
          .filter((name) => {
            const entry = entriesOf(user).get(name)
            if (entry === undefined || entry.record.state === 'ended') return false
            setAside(user, name, entry)
            if (/^[rh]:/.test(name)) return entriesOf(user).delete(name)
            const tombstone = { version: entry.record.version + 1, mark: '', reason, body: new Uint8Array() }
            keep(user, name, { state: 'ended', ...tombstone }, tombstoneMs)
            return true
          })

      const ended = endAll(names)
      const isReferredTo = listOf(entriesOf(user)).some(({ name }) => /^[sg]:/.test(name))
      const all = isReferredTo ? ended : [...ended, ...endAll(orphans)]
      if (all.length > 0) changed(user)
      return all
    },

    async list(user) {
      return listOf(entriesOf(user))
    },

    async ping() {},
    async close() {},
  }
}

function listOf(entries: ReadonlyMap<RecordName, Entry>): ListedRecord[] {
  return [...entries]
    .filter(([, { record }]) => record.state !== 'ended')
    .map(([name, { expiresAt }]) => ({ name, expiresAt }))
    .sort((a, b) => a.expiresAt - b.expiresAt || (a.name < b.name ? -1 : 1))
}

function namesOf(entries: ReadonlyMap<RecordName, Entry>, pattern: RecordPattern): readonly RecordName[] {
  if (!pattern.endsWith('*')) return [pattern]
  return listOf(entries)
    .map(({ name }) => name)
    .filter((name) => name.startsWith(pattern.slice(0, -1)))
}

function holds(condition: WriteCondition, there: StoredRecord | undefined): boolean {
  if ('new' in condition) return there === undefined || there.state === 'ended'
  if (there === undefined || there.state === 'ended') return false
  return 'version' in condition ? there.version === condition.version : there.mark === condition.mark
}

function createRevocationList(now: Clock): RevocationList {
  const dueAt = new Map<UserHash, number>()

  return {
    async put(user, ms) {
      const entry = { user, dueAt: Math.max(now() + ms, (dueAt.get(user) ?? 0) + 1) }
      dueAt.set(user, entry.dueAt)
      return entry
    },

    async take(max, ms) {
      const due = [...dueAt].filter(([, at]) => at <= now()).sort(([, a], [, b]) => a - b)
      return due.slice(0, max).map(([user]): ListedUser => {
        dueAt.set(user, now() + ms)
        return { user, dueAt: now() + ms }
      })
    },

    async settle(entry, ms) {
      if (dueAt.get(entry.user) !== entry.dueAt) return
      if (ms === undefined) dueAt.delete(entry.user)
      else dueAt.set(entry.user, now() + lifetimeMs(ms))
    },
  }
}

function createLocks(now: Clock): Locks {
  const held = new Map<string, Lasting>()

  return {
    async acquire(user, name, ttlMs) {
      dropExpired(held, now())
      const key = `${user}:${name}`
      if (held.has(key)) return undefined
      let mine: Lasting = { expiresAt: now() + lifetimeMs(ttlMs) }
      held.set(key, mine)

      return {
        async renew() {
          dropExpired(held, now())
          if (held.get(key) !== mine) return false
          mine = { expiresAt: now() + lifetimeMs(ttlMs) }
          held.set(key, mine)
          return true
        },
        async release() {
          if (held.get(key) === mine) held.delete(key)
        },
      }
    },
  }
}

function dropExpired<Key>(map: Map<Key, Lasting>, time: number): void {
  for (const [key, { expiresAt }] of map) if (expiresAt <= time) map.delete(key)
}
