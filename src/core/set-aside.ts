import type { Clock, Keyring, RecordName, RecordStore, UserHash } from './ports.ts'
import { openIfWeCan, sealRecord } from './sealed-record.ts'
import { refreshMark, setAsideMs, type TokenSet } from './token-set.ts'

/** A token set that is to be revoked; without `set`, one that cannot be opened here. */
export interface SetAsideTokens {
  readonly user: UserHash
  readonly name: RecordName
  readonly provider: string
  readonly set: TokenSet | undefined
}

interface SetAsideOptions {
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly now: Clock
}

/** What waits in the store to be revoked. See `createSetAside`. */
export type SetAside = ReturnType<typeof createSetAside>

/** Token sets that are to be revoked. The store sets aside those that end in it. All methods throw `store_unavailable`. */
export function createSetAside({ records, keyring, now }: SetAsideOptions) {
  return {
    /** Adds one that is in no record. */
    async add(user: UserHash, provider: string, set: TokenSet): Promise<void> {
      const mark = refreshMark(set)
      const name = `r:${provider}:${mark}` as const
      const ttlMs = Math.min(set.endsAt - now(), setAsideMs)
      const body = sealRecord(keyring, user, name, set)
      await records.write(user, name, { state: 'live', mark, reason: '', body, ttlMs }, { new: true })
    },

    /** All of one user. */
    async list(user: UserHash): Promise<readonly SetAsideTokens[]> {
      const names = (await records.list(user)).map(({ name }) => name).filter((name) => name.startsWith('r:'))
      const found = await records.read(user, names)
      return names.flatMap((name, at) => {
        const record = found[at]
        if (record?.state !== 'live') return []
        const [, provider = ''] = name.split(':')
        return [{ user, name, provider, set: openIfWeCan<TokenSet>(keyring, user, name, record.body) }]
      })
    },

    /** It was revoked, or need not be. */
    async remove({ user, name }: SetAsideTokens): Promise<void> {
      await records.end(user, [name], { reason: 'revoked', orphans: [] })
    },
  }
}
