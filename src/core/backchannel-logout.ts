import type { Endings } from './endings.ts'
import { GatewayError } from './errors.ts'
import type { Clock, Locks } from './ports.ts'
import type { LogoutToken, Provider } from './provider.ts'
import { isUserKey, type ProviderSessions } from './provider-sessions.ts'
import { sha256 } from './secret.ts'
import type { ListedSession, UserStore } from './user-store.ts'

interface BackchannelLogoutOptions {
  readonly store: Pick<UserStore, 'userHash' | 'listSessions'>
  readonly providerSessions: Pick<ProviderSessions, 'find'>
  readonly endings: Pick<Endings, 'session' | 'everywhere'>
  readonly locks: Locks
  readonly providers: ReadonlyMap<string, Provider>
  readonly now: Clock
}

/**
 * Ends the sessions that a provider says it has ended (OpenID Connect Back-Channel Logout 1.0). That there is none is
 * fine. Throws `route_not_found` where the provider is none that does so, `invalid_token`, `provider_unavailable`,
 * `store_unavailable`.
 */
export type BackchannelLogout = (providerName: string, token: string) => Promise<void>

const reason = 'signed out at the provider'

/** See `BackchannelLogout`. */
export function createBackchannelLogout(options: BackchannelLogoutOptions): BackchannelLogout {
  const { store, providerSessions, endings, locks, providers, now } = options

  return async function backchannelLogout(providerName, token) {
    const provider = providers.get(providerName)
    if (provider?.verifyLogout === undefined) throw new GatewayError('route_not_found')
    const logout = await provider.verifyLogout(token)
    // Taken for as long as the token is good and not given back: that is what "once" is. Without the store nobody can tell.
    const place = sha256(JSON.stringify([providerName, logout.jti])).slice(0, 22)
    const once = await locks.acquire(place, 'logout', logout.endsAt - now())
    if (once === undefined) throw new GatewayError('invalid_token', { owner: 'the logout token was used before' })
    try {
      await end(provider, logout)
    } catch (error) {
      // The provider may send it again.
      await once.release()
      throw error
    }
  }

  async function end(provider: Provider, { sub, sid }: LogoutToken): Promise<void> {
    if (sub !== undefined && isUserKey(provider)) {
      const user = await store.userHash(provider.name, sub)
      if (sid === undefined) return void (await endings.everywhere({ user, provider: provider.name, sub }, reason))
      return endAll((await store.listSessions(user)).filter((held) => isOf(held, sid)))
    }
    const found = await (sid === undefined
      ? providerSessions.find(provider, 'sub', sub ?? '')
      : providerSessions.find(provider, 'sid', sid))
    for (const user of new Set(found.map((place) => place.user))) {
      const sessions = await store.listSessions(user)
      const named = sessions.filter(({ name }) => found.some((place) => place.name === name))
      if (sid === undefined && named[0] !== undefined) await endings.everywhere({ ...named[0].session, user }, reason)
      else await endAll(named)
    }
  }

  async function endAll(sessions: readonly ListedSession[]): Promise<void> {
    for (const session of sessions) await endings.session(session, reason)
  }
}

/** One that says nothing of the provider's session may be of any. */
function isOf({ session }: ListedSession, sid: string): boolean {
  return session.sid === undefined || session.sid === sid
}
