import { createEmailLookUp } from '../core/email-look-up.ts'
import { createFreshTokens } from '../core/fresh-tokens.ts'
import type { Audit, Clock, Keyring, Sleep, Store } from '../core/ports.ts'
import type { SessionLifetimes } from '../core/session.ts'
import { createUserStore } from '../core/user-store.ts'
import { composeEndings } from './endings.ts'
import type { composeProviders } from './providers.ts'

type FreshTokensOptions = Parameters<typeof createFreshTokens>[0]

interface TokensOptions extends Pick<ReturnType<typeof composeProviders>, 'providers' | 'budgets'> {
  readonly store: Store
  readonly keyring: Keyring
  readonly lifetimes: SessionLifetimes
  readonly claimsMaxAgeMs: number
  readonly now: Clock
  readonly sleep: Sleep
  readonly audit: Audit
  readonly onProvider: FreshTokensOptions['onProvider']
}

/** What is kept of users: their sessions and token sets, how these end, and how tokens stay fresh. */
export function composeTokens(options: TokensOptions) {
  const { store, keyring, providers, budgets, lifetimes, claimsMaxAgeMs, now, sleep, audit, onProvider } = options
  const sealedStore = { records: store.records, keyring, now }
  const emailLookUp = createEmailLookUp({
    ...sealedStore,
    addresses: store.addresses,
    providers,
    sessionMs: lifetimes.absoluteMs,
  })
  const userStore = emailLookUp.noting(createUserStore({ ...sealedStore, lifetimes }))
  const ends = composeEndings({ store, userStore, keyring, providers, now, audit })
  const fresh = createFreshTokens({
    store: userStore,
    locks: store.locks,
    revoke: ends.revoke,
    ...{ providers, budgets, claimsMaxAgeMs, now, sleep, audit, onProvider },
  })
  return { userStore, ends, ...fresh }
}
