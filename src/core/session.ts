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
  readonly id: string
}

/** A new cookie for a user hash. */
export function newSessionCookie(user: string): SessionCookie {
  return { user, id: randomId() }
}

/** The cookie's value. */
export function formatSessionCookie({ user, id }: SessionCookie): string {
  return `${user}.${id}`
}

/** Reads a cookie value; `undefined` when it is not of our making. */
export function parseSessionCookie(value: string | undefined): SessionCookie | undefined {
  const match = /^([\w-]{16,64})\.([\w-]{43})$/.exec(value ?? '')
  return match?.[1] === undefined || match[2] === undefined ? undefined : { user: match[1], id: match[2] }
}

/** The name under which the store keeps a session: the id itself is not stored. */
export function sessionRecordName(id: string): `s:${string}` {
  return `s:${sha256(id)}`
}
