import { LRUCache } from 'lru-cache'
import { profileOf } from './claims.ts'
import type { HeldTokens } from './held-records.ts'
import { createNamingKeys, hashWith } from './naming-keys.ts'
import type { Addresses, Clock, Keyring, RecordStore, UserHash } from './ports.ts'
import type { Provider } from './provider.ts'
import type { TokenSet } from './token-set.ts'
import type { UserStore } from './user-store.ts'

interface EmailLookUpOptions {
  readonly addresses: Addresses
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly providers: ReadonlyMap<string, Provider>
  /** How long a session may last. Milliseconds. */
  readonly sessionMs: number
  readonly now: Clock
}

/** See `createEmailLookUp`. */
export type EmailLookUp = ReturnType<typeof createEmailLookUp>

const maxNoted = 20_000

/** Finds users by their verified e-mail address. Nobody waits for what it remembers, and nothing fails by it. */
export function createEmailLookUp({ addresses, records, keyring, providers, sessionMs, now }: EmailLookUpOptions) {
  const namingKeys = createNamingKeys({ records, keyring, now })
  /** What this process has remembered lately, so that it need not at each refresh. */
  const noted = new LRUCache<UserHash, string>({ max: maxNoted })

  async function digestsOf(address: string): Promise<readonly string[]> {
    // No user key looks like this: providers' names have no space in them.
    return (await namingKeys()).map((key) => hashWith(key, `e-mail ${address}`))
  }

  /** A token set was stored. Its address is remembered as long as anything it leads to may last. */
  function note({ user, set, provider, state }: HeldTokens): void {
    const email = emailOf(set, providers.get(provider))
    const writing = `${email} ${set.endsAt}`
    if (email === undefined || state !== 'live' || noted.get(user) === writing) return
    noted.set(user, writing)
    const ttlMs = Math.max(sessionMs, set.endsAt - now())
    const remember = async () => addresses.add((await digestsOf(email))[0] ?? '', user, ttlMs)
    remember().catch(() => noted.delete(user))
  }

  return {
    /** The same store, whose token sets are found by address from now on. */
    noting<Store extends Pick<UserStore, 'writeTokens'>>(store: Store): Store {
      return {
        ...store,
        async writeTokens(...write) {
          const held = await store.writeTokens(...write)
          if (held !== undefined) note(held)
          return held
        },
      }
    },

    /** Users who may have this verified address. Their own token sets say whether they do. */
    async find(address: string): Promise<readonly UserHash[]> {
      const found = (await digestsOf(address.toLowerCase())).map((digest) => addresses.find(digest))
      return [...new Set((await Promise.all(found)).flat())]
    },
  }
}

/** The verified address of who signs in with this set; `undefined` for a connection. */
export function emailOf({ claims, claimsAt }: TokenSet, provider: Provider | undefined): string | undefined {
  if (claimsAt === undefined || provider === undefined) return undefined
  return profileOf(claims, provider.claimNames, provider.trustUnverifiedEmail).email
}
