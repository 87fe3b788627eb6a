import type { RecordName } from './ports.ts'
import { randomId, sha256 } from './secret.ts'

/** One browser signed in. Times in milliseconds since the epoch. */
export interface Session {
  readonly provider: string
  /** The provider's name for the user. */
  readonly sub: string
  /** The provider's name for its own session, where it told one: OpenID Connect Back-Channel Logout 1.0 section 2.1. */
  readonly sid?: string | undefined
  /** What to call the browser: `Firefox on Linux`. */
  readonly browser?: string | undefined
  /** Where it is good, when that is not at `public_url`. */
  readonly origin?: string | undefined
  readonly createdAt: number
  /** The end that no use moves. */
  readonly endsAt: number
}

/** How long sessions last: unused, and in all. Milliseconds. */
export interface SessionLifetimes {
  readonly idleMs: number
  readonly absoluteMs: number
}

/** Names a user in rules, headers and logs; everything kept for a user is found by it. */
export function userKey(provider: string, sub: string): string {
  return `${provider}:${sub}`
}

/** How long a session may stay unused from `now` on. Milliseconds, zero when its end has come. */
export function idleTtl(session: Session, { idleMs }: Pick<SessionLifetimes, 'idleMs'>, now: number): number {
  return Math.max(0, Math.min(idleMs, session.endsAt - now))
}

/** What the session cookie says: which user's records, and the secret id of the session in them. */
export interface SessionCookie {
  readonly user: string
  /** The digest of the session's id whose child this one is; `undefined` for one that is nobody's. */
  readonly parent: string | undefined
  readonly id: string
}

/** A new cookie for a user hash; for a child of the session of this name, if one is named. */
export function newSessionCookie(user: string, parent?: RecordName): SessionCookie {
  return { user, parent: parent && familyOf(parent).slice(2), id: randomId() }
}

/** The cookie's value. */
export function formatSessionCookie({ user, parent, id }: SessionCookie): string {
  return parent === undefined ? `${user}.${id}` : `${user}.${parent}.${id}`
}

/** Reads a cookie value; `undefined` when it is not of our making. */
export function parseSessionCookie(value: string | undefined): SessionCookie | undefined {
  const [, user, parent, id] = /^([\w-]{16,64})\.(?:([\w-]{43})\.)?([\w-]{43})$/.exec(value ?? '') ?? []
  return user === undefined || id === undefined ? undefined : { user, parent, id }
}

/** The name under which the store keeps a session: the id itself is not stored. That of a child begins with its parent's. */
export function sessionRecordName({ parent, id }: Pick<SessionCookie, 'parent' | 'id'>): `s:${string}` {
  return parent === undefined ? `s:${sha256(id)}` : `s:${parent}.${sha256(id)}`
}

/** The name of the session at `public_url` that this one is, or is a child of. */
export function familyOf(name: RecordName): RecordName {
  return isChild(name) ? `s:${name.slice(2, name.indexOf('.'))}` : name
}

/** Whether a session is of another host than `public_url`'s, and comes and goes with that one's. */
export function isChild(name: string): boolean {
  return name.includes('.')
}
