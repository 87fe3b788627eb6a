import type { Start } from './departure.ts'
import type { Endings } from './endings.ts'
import { GatewayError, isEnded } from './errors.ts'
import { type FreshTokens, providerChanged } from './fresh-tokens.ts'
import type { HeldTokens } from './held-records.ts'
import type { User } from './passage.ts'
import type { Audit, Clock } from './ports.ts'
import type { Provider } from './provider.ts'
import { unionOfScopes } from './replace-tokens.ts'
import type { GuardedRoute } from './route.ts'
import type { UserStore } from './user-store.ts'

/** A provider and what the user has there: the sign-in, a connection, one that ended, or nothing. */
export interface Connection {
  readonly provider: Provider
  readonly held: HeldTokens | undefined
  readonly state: 'connected' | 'not_connected' | 'ended'
  /** Why it ended, if anyone said so. */
  readonly reason: string | undefined
}

interface ConnectionsOptions {
  readonly store: UserStore
  readonly freshTokens: FreshTokens
  readonly providers: ReadonlyMap<string, Provider>
  readonly routes: readonly GuardedRoute[]
  readonly endings: Endings
  readonly now: Clock
  readonly audit: Audit
}

/** What a user does with linked providers. See `createConnections`. */
export type Connections = ReturnType<typeof createConnections>

/** How often one user may have the same tokens refreshed by hand. */
const pauseMs = 5_000
const maxRefreshed = 10_000

/** All throw `store_unavailable`. */
export function createConnections(options: ConnectionsOptions) {
  const { store, freshTokens, providers, routes, endings, now, audit } = options
  /** Which version the last refresh by hand led to, and when, by user and provider. */
  const refreshed = new Map<string, { readonly version: number; readonly at: number }>()

  async function held({ session }: User, name: string): Promise<HeldTokens> {
    const provider = providers.get(name)
    if (provider === undefined) throw new GatewayError('bad_request')
    const tokens = await store.readTokens(session.user, name)
    if (tokens === undefined) throw new GatewayError('connection_required', { provider })
    return tokens
  }

  function stateOf(provider: Provider, held: HeldTokens | undefined): Connection['state'] {
    if (held === undefined) return 'not_connected'
    const { client, refreshToken, expiresAt } = held.set
    const isUsable = refreshToken !== undefined || expiresAt > now()
    return held.state === 'live' && client === provider.client && isUsable ? 'connected' : 'ended'
  }

  return {
    /** Every provider, in the order of the config. */
    async list({ session }: User): Promise<readonly Connection[]> {
      const all = [...providers.values()].map(async (provider) => {
        const held = await store.readTokens(session.user, provider.name)
        const isOfAnother = held !== undefined && held.set.client !== provider.client
        const reason = held?.reason || (isOfAnother ? providerChanged : undefined)
        return { provider, held, state: stateOf(provider, held), reason }
      })
      return Promise.all(all)
    },

    /** What leads to the provider and back, to link it: for all that tools need. Throws `bad_request`. */
    start({ provider: signIn, session: { user, name } }: User, providerName: string, returnTo: string): Start {
      const provider = providers.get(providerName)
      if (provider === undefined || provider.name === signIn) throw new GatewayError('bad_request')
      const needed = routes.filter((route) => route.provider === provider.name).flatMap(({ scopes }) => scopes)
      const scopes = unionOfScopes(provider.scopes, needed)
      return { purpose: 'connect', provider: provider.name, scopes, returnTo, session: { user, name } }
    },

    /**
     * New tokens now, however good the old ones are; who asked for that just now has them. A connection that proves to
     * be over is listed so. Throws as `FreshTokens`.
     */
    async refresh(user: User, name: string): Promise<void> {
      const tokens = await held(user, name)
      const key = `${tokens.user}/${name}`
      const last = refreshed.get(key)
      if (last?.version === tokens.version && now() - last.at < pauseMs) return
      if (refreshed.size >= maxRefreshed) refreshed.clear()
      refreshed.set(key, { version: tokens.version, at: now() })
      const newer = await freshTokens(tokens, { force: true }).catch((error) => {
        if (name === user.provider || !isEnded(error)) throw error
        return tokens
      })
      refreshed.set(key, { version: newer.version, at: now() })
    },

    /** Ends a connection, not the sign-in itself: that is what signing out is for. Throws `bad_request`. */
    async disconnect(user: User, name: string): Promise<void> {
      if (name === user.provider || !providers.has(name)) throw new GatewayError('bad_request')
      await endings.connection({ ...user, user: user.session.user }, name, 'disconnected')
      audit('connection_removed', { user: user.key, provider: name })
    },
  }
}
