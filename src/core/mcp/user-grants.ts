import type { Endings } from '../endings.ts'
import { GatewayError } from '../errors.ts'
import type { User } from '../passage.ts'
import type { GrantStore, ListedGrant } from './grant-store.ts'

/** The MCP clients that may act for a user. See `createUserGrants`. */
export type UserGrants = ReturnType<typeof createUserGrants>

/** Both throw `store_unavailable`. */
export function createUserGrants(store: Pick<GrantStore, 'list'>, endings: Pick<Endings, 'grant'>) {
  return {
    /** The newest first; without those whose client has yet to come for its tokens. */
    async list({ session }: User): Promise<readonly ListedGrant[]> {
      return (await store.list(session.user)).filter(({ grant }) => grant.code.isUsed)
    },

    /** Ends one of the user's own; that there is none any more is fine. Throws `bad_request`. */
    async end({ session }: User, id: string): Promise<void> {
      if (!/^[\w-]{22}$/.test(id)) throw new GatewayError('bad_request')
      await endings.grant({ ...session.session, user: session.user }, id, 'ended by the user')
    },
  }
}
