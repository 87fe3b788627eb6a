import { createHeldRecords, type HeldTokens } from './held-records.ts'
import { createNamingKeys, hashWith } from './naming-keys.ts'
import type { Clock, Keyring, RecordName, RecordPattern, RecordStore, UserHash, WriteCondition } from './ports.ts'
import { openIfWeCan, openRecord, sealRecord } from './sealed-record.ts'
import {
  familyOf,
  formatSessionCookie,
  idleTtl,
  isChild,
  newSessionCookie,
  parseSessionCookie,
  type Session,
  type SessionCookie,
  type SessionLifetimes,
  sessionRecordName,
  userKey,
} from './session.ts'
import { refreshMark, type TokenSet } from './token-set.ts'

/** Where a session is in the store. */
export interface SessionPlace {
  readonly user: UserHash
  readonly name: RecordName
}

/** A stored session, opened, with the token sets that were asked for. */
export interface HeldSession extends SessionPlace {
  readonly session: Session
  /** The end that no use moves. Milliseconds since the epoch. */
  readonly endsAt: number
  /** Live and refused sets by provider. */
  readonly tokens: ReadonlyMap<string, HeldTokens>
}

/** A session as it was created, and the value of its cookie. */
export interface NewSession extends Omit<HeldSession, 'tokens'> {
  readonly cookie: string
}

/** One of a user's sessions. */
export interface ListedSession extends Omit<HeldSession, 'tokens'> {
  /** To about a twentieth of `sessions.idle`; `undefined` where it cannot be told. Milliseconds since the epoch. */
  readonly lastUsedAt: number | undefined
}

/** Sessions and token sets, sealed, as the rest of the core sees them. */
export type UserStore = ReturnType<typeof createUserStore>

interface UserStoreOptions {
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly lifetimes: SessionLifetimes
  readonly now: Clock
}

/** Wraps the record store with sealing and with our record formats. All methods throw `store_unavailable`. */
export function createUserStore({ records, keyring, lifetimes, now }: UserStoreOptions) {
  const namingKeys = createNamingKeys({ records, keyring, now })
  const { made, hold, holdAll } = createHeldRecords(keyring)

  async function readTokens(user: UserHash, provider: string): Promise<HeldTokens | undefined> {
    const [record] = await records.read(user, [`t:${provider}`])
    return hold(user, provider, record)
  }

  async function readNamed(
    { user, name }: SessionPlace,
    providers: readonly string[],
    known?: HeldSession,
  ): Promise<HeldSession | undefined> {
    const [record, ...sets] = await records.read(user, [name, ...providers.map((p) => `t:${p}` as const)])
    if (record?.state !== 'live') return undefined
    const session = made(record, known?.session, () => openRecord<Session>(keyring, user, name, record.body))
    if (session.endsAt <= now()) return undefined
    const tokens = holdAll(user, providers, sets, known?.tokens)
    if (known?.session === session && known.tokens === tokens) return known
    return { user, name, session, endsAt: session.endsAt, tokens }
  }

  async function keep(cookie: SessionCookie, session: Session): Promise<NewSession> {
    const { user } = cookie
    const name = sessionRecordName(cookie)
    const body = sealRecord(keyring, user, name, session)
    const ttlMs = Math.max(1, idleTtl(session, lifetimes, now()))
    await records.write(user, name, { state: 'live', mark: '', reason: '', body, ttlMs }, { new: true })
    return { user, name, session, endsAt: session.endsAt, cookie: formatSessionCookie(cookie) }
  }

  return {
    readTokens,

    /** Proves that the store answers. */
    ping: () => records.ping(),

    /**
     * The hash that names this user in the store. Where there are several keys to name with, it is the one under which
     * the user's records already are, if any, so that nobody gets a second set of them.
     */
    async userHash(provider: string, sub: string): Promise<UserHash> {
      const [current, ...others] = await userHashes(provider, sub)
      for (const hash of others.length === 0 ? [] : [current, ...others]) {
        if ((await records.list(hash)).length > 0) return hash
      }
      return current
    },

    /**
     * The live session a cookie names, with the token sets of these providers, in one round trip. What has not changed
     * since `known` was read is taken from there, and not opened again; it is `known` itself when nothing has.
     */
    async readSession(
      cookie: string | undefined,
      providers: readonly string[],
      known?: HeldSession,
    ): Promise<HeldSession | undefined> {
      const place = known ?? placeOf(cookie)
      return place && readNamed(place, providers, known)
    },

    /** The live session at a place, without token sets. */
    readSessionAt: (place: SessionPlace) => readNamed(place, []),

    /** Stores a new session of this user. */
    createSession(user: UserHash, identity: Omit<Session, 'createdAt' | 'endsAt'>): Promise<NewSession> {
      const createdAt = now()
      return keep(newSessionCookie(user), { ...identity, createdAt, endsAt: createdAt + lifetimes.absoluteMs })
    },

    /** Stores a session for another host: a child of this one, which ends when it does. */
    createChild: ({ user, name, session }: Pick<HeldSession, 'user' | 'name' | 'session'>, origin: string) =>
      keep(newSessionCookie(user, name), { ...session, origin }),

    /** Moves a session's idle end, for it was just used, and with it that of its whole family. */
    async touchSession({ user, name, session }: HeldSession): Promise<void> {
      await records.touch(user, `${familyOf(name)}*`, idleTtl(session, lifetimes, now()))
    },

    /**
     * Writes a token set if the condition holds: what is then stored, or `undefined`. When it `setsAside`, the refresh
     * token that it replaces is to be revoked.
     */
    async writeTokens(
      user: UserHash,
      provider: string,
      set: TokenSet,
      condition: WriteCondition,
      { refusedBecause, setsAside = false }: { refusedBecause?: string; setsAside?: boolean } = {},
    ): Promise<HeldTokens | undefined> {
      const name = `t:${provider}` as const
      const state = refusedBecause === undefined ? 'live' : 'refused'
      const ttlMs = Math.max(1000, set.endsAt - now())
      const body = sealRecord(keyring, user, name, set)
      const record = { state, mark: refreshMark(set), reason: refusedBecause ?? '', body, ttlMs, setsAside } as const
      const version = await records.write(user, name, record, condition)
      return version === undefined ? undefined : { user, provider, version, state, reason: record.reason, set }
    },

    /** The user's live sessions, the newest first; without their children, and those that only another key opens. */
    async listSessions(user: UserHash): Promise<readonly ListedSession[]> {
      const listed = (await records.list(user)).filter(({ name }) => name.startsWith('s:') && !isChild(name))
      const found = await records.read(
        user,
        listed.map(({ name }) => name),
      )
      const sessions = listed.flatMap(({ name, expiresAt }, at): ListedSession[] => {
        const record = found[at]
        const session = record?.state === 'live' ? openIfWeCan<Session>(keyring, user, name, record.body) : undefined
        if (session === undefined || session.endsAt <= now()) return []
        // Each use moves the end, until that is the session's own.
        const isMovable = expiresAt < session.endsAt - 1000
        return [
          {
            user,
            name,
            session,
            endsAt: session.endsAt,
            lastUsedAt: isMovable ? expiresAt - lifetimes.idleMs : undefined,
          },
        ]
      })
      return sessions.sort((a, b) => b.session.createdAt - a.session.createdAt)
    },

    /** Ends records as `RecordStore.end` does. All that ends goes through `Endings`. */
    end: (
      user: UserHash,
      names: readonly RecordPattern[],
      options: { reason: string; orphans: readonly RecordName[] },
    ) => records.end(user, names, options),
  }

  function placeOf(cookie: string | undefined): SessionPlace | undefined {
    const parsed = parseSessionCookie(cookie)
    return parsed && { user: parsed.user, name: sessionRecordName(parsed) }
  }

  async function userHashes(provider: string, sub: string): Promise<readonly [UserHash, ...UserHash[]]> {
    const [first, ...others] = await namingKeys()
    const hash = (key: Uint8Array) => hashWith(key, userKey(provider, sub)).slice(0, 22)
    return [hash(first), ...others.map(hash)]
  }
}
