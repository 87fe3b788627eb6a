import { createBackchannelLogout } from '../core/backchannel-logout.ts'
import { createBrowsers } from '../core/browsers.ts'
import { createEndings } from '../core/endings.ts'
import type { Audit, Clock, Keyring, Store } from '../core/ports.ts'
import type { Provider } from '../core/provider.ts'
import { createProviderSessions } from '../core/provider-sessions.ts'
import { createReplaceTokens } from '../core/replace-tokens.ts'
import { createRevocations } from '../core/revocations.ts'
import { createDiscard, createRevoke, createRevoking } from '../core/revoke.ts'
import { createSetAside } from '../core/set-aside.ts'
import type { UserStore } from '../core/user-store.ts'

interface EndingsOptions {
  readonly store: Store
  readonly userStore: UserStore
  readonly keyring: Keyring
  readonly providers: ReadonlyMap<string, Provider>
  readonly now: Clock
  readonly audit: Audit
}

/** How sessions and token sets end or are replaced, and what revokes them at their providers. */
export function composeEndings({ store, userStore, keyring, providers, now, audit }: EndingsOptions) {
  const { records, revocations: list, locks } = store
  const setAside = createSetAside({ records, keyring, now })
  const revocations = createRevocations({ setAside, list, providers, now })
  const revoking = createRevoking(list, revocations.start)
  const revoke = createRevoke(setAside, providers, revoking)
  const endings = createEndings(userStore, revoking, audit)
  const providerSessions = createProviderSessions({ records, keyring, now })
  return {
    endings,
    providerSessions,
    browsers: createBrowsers(userStore, endings),
    backchannelLogout: createBackchannelLogout({ store: userStore, providerSessions, endings, locks, providers, now }),
    replaceTokens: createReplaceTokens(userStore, providers, revoking),
    revoke,
    discard: createDiscard(providers, revoke),
    revokeEvery: revocations.revokeEvery,
  }
}
