import type { Endings } from './endings.ts'
import { GatewayError } from './errors.ts'
import type { User } from './passage.ts'
import { familyOf } from './session.ts'
import type { ListedSession, UserStore } from './user-store.ts'

/** A browser in which somebody is signed in. */
export interface Browser extends Pick<ListedSession, 'lastUsedAt'> {
  /** Names it on our pages: the SHA-256 of a secret of 256 bits, of no use to whoever sees it. */
  readonly id: string
  /** What people call it, where that is known. */
  readonly name: string | undefined
  readonly isThisOne: boolean
  readonly signedInAt: number
}

/** The browsers of a user. See `createBrowsers`. */
export type Browsers = ReturnType<typeof createBrowsers>

/** All throw `store_unavailable`. */
export function createBrowsers(store: Pick<UserStore, 'listSessions'>, endings: Pick<Endings, 'session'>) {
  return {
    /** This one first, then the newest. */
    async list({ session: { user, name: own } }: User): Promise<readonly Browser[]> {
      const browsers = (await store.listSessions(user)).map(
        ({ name, session, lastUsedAt }): Browser => ({
          id: name.slice(2),
          name: session.browser,
          isThisOne: name === familyOf(own),
          signedInAt: session.createdAt,
          lastUsedAt,
        }),
      )
      return browsers.sort((a, b) => Number(b.isThisOne) - Number(a.isThisOne))
    },

    /** Ends the session of one of the user's own browsers; that there is none any more is fine. Throws `bad_request`. */
    async end({ session }: User, id: string): Promise<void> {
      if (!/^[\w-]{43}$/.test(id)) throw new GatewayError('bad_request')
      await endings.session({ ...session, name: `s:${id}` }, 'ended from another browser')
    },
  }
}
