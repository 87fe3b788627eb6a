import type { Claims } from './claims.ts'
import { createNamingKeys, hashWith } from './naming-keys.ts'
import type { Clock, Keyring, RecordStore, UserHash } from './ports.ts'
import type { Provider } from './provider.ts'
import { openIfWeCan, sealRecord } from './sealed-record.ts'
import type { NewSession, SessionPlace } from './user-store.ts'

interface ProviderSessionsOptions {
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly now: Clock
}

/** Which of our sessions came of a provider's. See `createProviderSessions`. */
export type ProviderSessions = ReturnType<typeof createProviderSessions>

/**
 * Finds sessions by what a provider may call them when it ends its own: their `sid`, and the `sub` where users are known
 * by another claim. All methods throw `store_unavailable`.
 */
export function createProviderSessions({ records, keyring, now }: ProviderSessionsOptions) {
  const namingKeys = createNamingKeys({ records, keyring, now })

  /** Stands where a user hash would. No user key looks like this: providers' names have no space in them. */
  async function ownersOf({ name }: Provider, claim: string, value: string): Promise<readonly string[]> {
    return (await namingKeys()).map((key) => hashWith(key, `${claim} ${name} ${value}`).slice(0, 22))
  }

  return {
    /** A session came of a sign-in with these claims. Nothing is kept where the provider does not tell of its sign-outs. */
    async note({ user, name, endsAt }: NewSession, provider: Provider, { sid, sub }: Claims): Promise<void> {
      if (provider.verifyLogout === undefined) return
      const called = { sid, ...(!isUserKey(provider) && { sub }) }
      for (const [claim, value] of Object.entries(called)) {
        if (typeof value !== 'string') continue
        const [owner = ''] = await ownersOf(provider, claim, value)
        const pointer = `p:${name.slice(2)}` as const
        const body = sealRecord(keyring, owner, pointer, { user })
        const record = { state: 'live', mark: '', reason: '', body, ttlMs: endsAt - now() } as const
        await records.write(owner, pointer, record, { new: true })
      }
    },

    /** Sessions that were noted, which may have ended since. */
    async find(provider: Provider, claim: 'sid' | 'sub', value: string): Promise<readonly SessionPlace[]> {
      const owners = await ownersOf(provider, claim, value)
      return (await Promise.all(owners.map(placesAt))).flat()
    },
  }

  async function placesAt(owner: string): Promise<readonly SessionPlace[]> {
    const names = (await records.list(owner)).map(({ name }) => name)
    const found = await records.read(owner, names)
    return names.flatMap((pointer, at) => {
      const record = found[at]
      const held = record && openIfWeCan<{ user: UserHash }>(keyring, owner, pointer, record.body)
      return held === undefined ? [] : [{ user: held.user, name: `s:${pointer.slice(2)}` as const }]
    })
  }
}

/** Whether users of a provider are known by its `sub`, so that they are found without anything more. */
export function isUserKey({ claimNames }: Pick<Provider, 'claimNames'>): boolean {
  return claimNames.user === 'sub'
}
