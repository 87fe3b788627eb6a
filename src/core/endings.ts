import type { Audit, RecordPattern, UserHash } from './ports.ts'
import type { Revoking } from './revoke.ts'
import { familyOf, type Session, userKey } from './session.ts'
import type { HeldSession, UserStore } from './user-store.ts'

/** A user by the name they have in the store, and by the identity they sign in with. */
export interface StoredUser extends Pick<Session, 'provider' | 'sub'> {
  readonly user: UserHash
}

/** A session, held, listed or just created. */
type SessionToEnd = Pick<HeldSession, 'user' | 'name' | 'session'>

/** The one way in which sessions and token sets end. See `createEndings`. */
export type Endings = ReturnType<typeof createEndings>

/**
 * Ends what a user has. A token set that ends, or that nothing refers to any more, is revoked at its provider, sooner or
 * later, and nobody waits for that. All give how many records ended, and throw `store_unavailable`.
 */
export function createEndings(store: Pick<UserStore, 'end'>, revoking: Revoking, audit: Audit) {
  async function end(
    { user, provider, sub }: StoredUser,
    names: readonly RecordPattern[],
    orphans: readonly `t:${string}`[],
    reason: string,
  ): Promise<number> {
    const ended = await revoking(user, () => store.end(user, names, { reason, orphans }))
    const facts = { user: userKey(provider, sub), reason }
    for (const name of ended) {
      if (name.startsWith('s:')) audit('session_ended', { ...facts, provider })
      if (name.startsWith('g:')) audit('grant_ended', { ...facts, grant: name.slice(2) })
      if (name.startsWith('t:')) audit('token_set_ended', { ...facts, provider: name.slice(2) })
    }
    return ended.length
  }

  return {
    /** Ends a session on all hosts; with the last one that refers to it, the token set of the sign-in. */
    session: ({ user, name, session }: SessionToEnd, reason: string) =>
      end({ ...session, user }, [familyOf(name), `${familyOf(name)}.*`], [`t:${session.provider}`], reason),

    /** Ends one session, on its host alone, and leaves the token set for the next. */
    sessionOnly: ({ user, name, session }: SessionToEnd, reason: string) =>
      end({ ...session, user }, [name], [], reason),

    /** Ends one grant; with the last thing that refers to it, the token set of the sign-in. */
    grant: (user: StoredUser, id: string, reason: string) => end(user, [`g:${id}`], [`t:${user.provider}`], reason),

    /** Ends all sessions and grants of a user, and the token set of the sign-in. Connections stay. */
    everywhere: (user: StoredUser, reason: string) => end(user, ['s:*', 'g:*'], [`t:${user.provider}`], reason),

    /** Ends the token set of a connection. */
    connection: (user: StoredUser, provider: string, reason: string) => end(user, [`t:${provider}`], [], reason),
  }
}
