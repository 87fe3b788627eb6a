import { subjectOf } from './claims.ts'
import { type EmailLookUp, emailOf } from './email-look-up.ts'
import type { Endings, StoredUser } from './endings.ts'
import type { HeldTokens } from './held-records.ts'
import type { GrantStore, ListedGrant } from './mcp/grant-store.ts'
import type { Audit, RecordStore, UserHash } from './ports.ts'
import type { Provider } from './provider.ts'
import { userKey } from './session.ts'
import type { ListedSession, UserStore } from './user-store.ts'

/** Whom an operator means: everybody with this verified address, or who is called so by these providers. */
export type Sought = { readonly email: string } | { readonly sub: string; readonly providers: readonly string[] }

/** What a user has, as an operator may see it: no token, and no id of any use. */
export interface UserView {
  readonly user: StoredUser
  /** The verified address of the sign-in. */
  readonly email: string | undefined
  /** The newest first; without those that are sealed with a key that is not listed. */
  readonly sessions: readonly ListedSession[]
  /** The token set of the sign-in, and those of connections. */
  readonly tokens: readonly HeldTokens[]
  /** MCP clients that may act for the user. */
  readonly grants: readonly ListedGrant[]
}

interface UsersOptions {
  readonly records: Pick<RecordStore, 'list'>
  readonly store: UserStore
  readonly grants: Pick<GrantStore, 'list'>
  readonly emailLookUp: Pick<EmailLookUp, 'find'>
  readonly endings: Endings
  readonly providers: ReadonlyMap<string, Provider>
  readonly audit: Audit
}

const reason = 'ended by an operator'

/** What an operator sees of users, and ends. See `createUsers`. */
export type Users = ReturnType<typeof createUsers>

/** All throw `store_unavailable`. */
export function createUsers({ records, store, grants, emailLookUp, endings, providers, audit }: UsersOptions) {
  /** Those who have anything stored, each once. */
  async function find(sought: Sought): Promise<readonly StoredUser[]> {
    const found = 'email' in sought ? await findByEmail(sought.email) : await findBySub(sought)
    return found.filter((user) => user !== undefined)
  }

  async function findByEmail(email: string): Promise<readonly (StoredUser | undefined)[]> {
    const address = email.toLowerCase()
    return Promise.all((await emailLookUp.find(address)).map((user) => ifTheirs(user, address)))
  }

  /** The index may be outdated; what the user signs in with says whether the address is still theirs. */
  async function ifTheirs(user: UserHash, email: string): Promise<StoredUser | undefined> {
    const signIn = (await tokensOf(user)).find((held) => emailIn(held) === email)
    const sub = signIn && subjectOf(signIn.set.claims[providers.get(signIn.provider)?.claimNames.user ?? ''])
    return signIn && sub !== undefined ? { user, provider: signIn.provider, sub } : undefined
  }

  async function findBySub({ sub, providers: names }: { readonly sub: string; readonly providers: readonly string[] }) {
    return Promise.all(
      names.map(async (provider) => {
        const user = await store.userHash(provider, sub)
        const hasAnything = (await records.list(user)).some(({ name }) => /^[stg]:/.test(name))
        return hasAnything ? { user, provider, sub } : undefined
      }),
    )
  }

  async function tokensOf(user: UserHash): Promise<readonly HeldTokens[]> {
    const names = (await records.list(user)).map(({ name }) => name).filter((name) => name.startsWith('t:'))
    const held = await Promise.all(names.map((name) => store.readTokens(user, name.slice(2))))
    return held.filter((tokens) => tokens !== undefined)
  }

  function emailIn({ set, provider }: HeldTokens): string | undefined {
    return emailOf(set, providers.get(provider))
  }

  async function show(user: StoredUser): Promise<UserView> {
    const [sessions, tokens, granted] = await Promise.all([
      store.listSessions(user.user),
      tokensOf(user.user),
      grants.list(user.user),
    ])
    const signIn = tokens.find(({ provider }) => provider === user.provider)
    // Where the client has yet to come for its tokens there is nothing to show.
    const used = granted.filter(({ grant }) => grant.code.isUsed)
    return { user, email: signIn && emailIn(signIn), sessions, tokens, grants: used }
  }

  return {
    find,
    show,

    /** Ends all sessions and grants and the token set of the sign-in, also what cannot be opened. */
    async signOut(user: StoredUser): Promise<true> {
      await endings.everywhere(user, reason)
      const facts = { user: userKey(user.provider, user.sub), provider: user.provider }
      audit('sign_out', { ...facts, everywhere: 'true', by: 'operator' })
      return true
    },

    /** Ends a connection. False when there is none. */
    async disconnect(user: StoredUser, provider: string): Promise<boolean> {
      const isEnded = (await endings.connection(user, provider, reason)) > 0
      if (isEnded) audit('connection_removed', { user: userKey(user.provider, user.sub), provider, by: 'operator' })
      return isEnded
    },
  }
}
