/** Milliseconds since the epoch, by our own clock. Passed in, so that tests can move it. */
export type Clock = () => number

/** Names a user in the store and in the cookie: a keyed hash of the user key, base64url. */
export type UserHash = string

/**
 * A record's name within its user: `s:<SHA-256 of the session id>`, `g:<grant>`, `t:<provider>`, and for a token set that
 * is to be revoked `r:<provider>:<mark>`. The gateway's own is `k:<use>`. `p:<SHA-256 of the session id>` is kept under
 * what a provider calls its session, and leads to ours. `m:owner` is kept under an MCP server's session. `h:<SHA-256 of a
 * hand-over code>`. A child of a session is `s:<SHA-256 of the parent's id>.<SHA-256 of its own>`.
 */
export type RecordName = `${'s' | 'g' | 't' | 'r' | 'k' | 'p' | 'm' | 'h'}:${string}`

/** Names a record, or, with `*` at its end, all of a user's that begin so. */
export type RecordPattern = RecordName

/**
 * `refused`: the provider no longer honours it, kept with its reason.
 * `ended`: a person or an administrator ended it; only a tombstone is left, its body is empty.
 */
export type RecordState = 'live' | 'refused' | 'ended'

/** What the store keeps under one name. The body is sealed before it comes here. */
export interface StoredRecord {
  readonly state: RecordState
  /** Grows by one with every write, also over a tombstone, so that a late writer cannot win. */
  readonly version: number
  /** Fingerprint of the refresh token inside, so that a script can compare it; empty where there is none. */
  readonly mark: string
  /** Why it was refused or ended; empty while live. */
  readonly reason: string
  readonly body: Uint8Array
}

/** A write: the record as it shall be. The store gives it the next version. `ttlMs` is at least one millisecond. */
export interface RecordWrite {
  readonly state: 'live' | 'refused'
  readonly mark: string
  readonly reason: string
  readonly body: Uint8Array
  readonly ttlMs: number
  /** The token set that is written over is set aside for its revocation, unless its mark is the same. */
  readonly setsAside?: boolean
}

/**
 * What must hold for a write to happen.
 * `new`: nothing there, or a tombstone. `version`: exactly this version, not ended. `mark`: this mark, not ended.
 */
export type WriteCondition = { readonly new: true } | { readonly version: number } | { readonly mark: string }

/** A record's place in the user's list. */
export interface ListedRecord {
  readonly name: RecordName
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * The records of users, each user's together. Every method is one atomic step on one user.
 * All throw GatewayError `store_unavailable` when the store cannot answer in time.
 */
export interface RecordStore {
  /** One answer per name, in order; `undefined` where nothing is stored. Tombstones are returned. */
  read(user: UserHash, names: readonly RecordName[]): Promise<readonly (StoredRecord | undefined)[]>
  /** The version written, or `undefined` when the condition does not hold and nothing was written. */
  write(user: UserHash, name: RecordName, record: RecordWrite, condition: WriteCondition): Promise<number | undefined>
  /** Moves the end of live records to `ttlMs` from now. False when there is none. Their versions stay. */
  touch(user: UserHash, name: RecordPattern, ttlMs: number): Promise<boolean>
  /**
   * Ends those of the named records that are there, and leaves a tombstone of one hour for each, but none for `r:` and `h:`. When
   * neither a session (`s:`) nor a grant (`g:`) is left after that, the records named in `orphans` end too. A token set
   * that ends is set aside for its revocation. All in the same step. Gives those that ended by this call.
   */
  end(
    user: UserHash,
    names: readonly RecordPattern[],
    options: { readonly reason: string; readonly orphans: readonly RecordName[] },
  ): Promise<readonly RecordName[]>
  /** Live and refused records of this user, the soonest to expire first. */
  list(user: UserHash): Promise<readonly ListedRecord[]>
  /** Proves that the store answers. Throws otherwise. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** A user on the list of revocations. Each time one is put there makes another entry. */
export interface ListedUser {
  readonly user: UserHash
  /** When to look after it. Milliseconds since the epoch, by the store's clock. */
  readonly dueAt: number
}

/** Users of whom token sets were set aside, or may be in a moment. All methods throw `store_unavailable`. */
export interface RevocationList {
  /** Puts a user there, due in `ms` milliseconds. */
  put(user: UserHash, ms: number): Promise<ListedUser>
  /** At most `max` users that are due. Nobody else gets them for the next `ms` milliseconds. */
  take(max: number, ms: number): Promise<readonly ListedUser[]>
  /** Puts it off for `ms` milliseconds, or takes it off the list, unless the user was put or taken anew meanwhile. */
  settle(entry: ListedUser, ms: number | undefined): Promise<void>
}

/** A record as it was met on the way through all of them; `undefined`, when a newer release wrote it. */
export interface FoundRecord {
  readonly user: UserHash
  readonly name: RecordName
  readonly record: StoredRecord | undefined
}

/** All records there are, for a command of the operator; the gateway never asks for them. Throws `store_unavailable`. */
export interface AllRecords {
  /** Every record that is there from the first page to the last, at least once. */
  pages(): AsyncIterable<readonly FoundRecord[]>
  /** Puts another body in the place of this one, and changes nothing else. False when it is not there any more. */
  replaceBody(place: Pick<FoundRecord, 'user' | 'name'>, body: Uint8Array, by: Uint8Array): Promise<boolean>
  close(): Promise<void>
}

/** A lock held by this process. It lapses by itself at the end of its time. */
export interface Lock {
  /** Holds it for another full time. False when it was lost meanwhile. Throws `store_unavailable`. */
  renew(): Promise<boolean>
  /** Gives it back if it is still ours. Never throws: a lock that cannot be given back lapses. */
  release(): Promise<void>
}

/** Locks that hold over all replicas. */
export interface Locks {
  /**
   * The lock, or `undefined` when someone else holds it. `ttlMs` is how long it holds without renewal.
   * Throws GatewayError `store_unavailable`.
   */
  acquire(user: UserHash, name: string, ttlMs: number): Promise<Lock | undefined>
}

/** Which users an e-mail address leads to. Only a hint: whoever follows it asks the user's own records. */
export interface Addresses {
  /** Remembers for `ttlMs` at least that an address, by its digest, leads to this user. Throws `store_unavailable`. */
  add(digest: string, user: UserHash, ttlMs: number): Promise<void>
  /** At most 100 users. Throws `store_unavailable`. */
  find(digest: string): Promise<readonly UserHash[]>
}

/** Hears what happens to stored records. */
export interface InvalidationListener {
  /** Something of this user was written or ended, in whichever replica: what was read before may be outdated. */
  readonly changed: (user: UserHash) => void
  /** From now on changes by others are heard, or may be missed. At first they may be missed. */
  readonly hearing: (isHearing: boolean) => void
}

/** Tells of changes, so that what was read need not be read again each time. */
export interface Invalidations {
  /** Starts to tell one listener. It hears of this process's own changes before whoever made them gets the result. */
  listen(listener: InvalidationListener): void
}

/** Everything the core keeps outside the process. */
export interface Store {
  readonly records: RecordStore
  readonly revocations: RevocationList
  readonly locks: Locks
  readonly addresses: Addresses
  readonly invalidations: Invalidations
}

/** Seals with the first encryption key, opens with any. AES-256-GCM under HKDF(key, random salt, purpose). */
export interface Keyring {
  /** `context` is bound in as associated data: opening with another fails. */
  seal(purpose: string, context: string, plain: Uint8Array): Uint8Array
  /** `undefined` when it is not ours, was changed, or is sealed with a key we do not have. Never throws. */
  open(purpose: string, context: string, sealed: Uint8Array): Uint8Array | undefined
  /** Whether it was sealed with the first key. */
  isCurrent(sealed: Uint8Array): boolean
  /** Keyed digests (HMAC-SHA-256, base64url) of `text`, one per key, the first key's first. */
  digests(purpose: string, text: string): readonly [string, ...string[]]
  /** Keys of 32 bytes for another use, one derived from each key, the first key's first. They tell nothing about it. */
  keysFor(use: string): readonly [Uint8Array, ...Uint8Array[]]
}

/** Waits that many milliseconds. Passed in, so that tests need not. */
export type Sleep = (ms: number) => Promise<void>

/** What is worth telling an auditor. No token, code, cookie or secret goes in. */
type AuditEvent =
  | 'sign_in'
  | 'sign_in_failed'
  | 'sign_out'
  | 'token_refreshed'
  | 'token_refresh_failed'
  | 'token_set_ended'
  | 'session_ended'
  | 'access_denied'
  | 'connection_added'
  | 'connection_removed'
  | 'client_registered'
  | 'consent_granted'
  | 'grant_ended'

/** The request in whose course something happens. */
export interface Asker {
  readonly requestId: string
  readonly clientAddress: string
}

/** Records one event with its facts. Never throws. */
export type Audit = (event: AuditEvent, facts: Readonly<Record<string, string | undefined>>) => void

/** The documentation. A document's name is that of its file in `docs/`, without `.md`. */
export interface Documents {
  readonly names: () => Promise<ReadonlySet<string>>
  /** Markdown. For one of the names only. */
  readonly read: (name: string) => Promise<string>
}
