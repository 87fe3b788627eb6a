import { createHeldRecords, type HeldTokens } from '../held-records.ts'
import type { Clock, Keyring, RecordStore, UserHash } from '../ports.ts'
import { openIfWeCan, openRecord, sealRecord } from '../sealed-record.ts'
import { type Grant, grantKey, parseGrantKey } from './grant.ts'

/** A stored grant, opened, with the token sets that were asked for. */
export interface HeldGrant {
  readonly user: UserHash
  readonly id: string
  readonly version: number
  readonly grant: Grant
  /** Milliseconds since the epoch. */
  readonly endsAt: number
  /** Live and refused sets by provider. */
  readonly tokens: ReadonlyMap<string, HeldTokens>
}

/** One of a user's grants. */
export type ListedGrant = Pick<HeldGrant, 'user' | 'id' | 'grant'>

/** Grants, sealed, among the other records of their users. See `createGrantStore`. */
export type GrantStore = ReturnType<typeof createGrantStore>

interface GrantStoreOptions {
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly now: Clock
}

/** The name under which the store keeps a grant. */
const grantRecordName = (id: string): `g:${string}` => `g:${id}`

/** All methods throw `store_unavailable`. */
export function createGrantStore({ records, keyring, now }: GrantStoreOptions) {
  const { made, holdAll } = createHeldRecords(keyring)

  /**
   * The live grant at a place (`grantKey`), with the token sets of these providers, in one round trip. What has not
   * changed since `known` was read is taken from there, and not opened again; it is `known` itself when nothing has.
   */
  async function read(
    key: string | undefined,
    providers: readonly string[],
    known?: HeldGrant,
  ): Promise<HeldGrant | undefined> {
    const place = parseGrantKey(key)
    if (place === undefined) return undefined
    const { user, id } = place
    const [record, ...sets] = await records.read(user, [
      grantRecordName(id),
      ...providers.map((p) => `t:${p}` as const),
    ])
    if (record?.state !== 'live') return undefined
    const grant = made(record, known?.grant, () => openRecord<Grant>(keyring, user, grantRecordName(id), record.body))
    const tokens = holdAll(user, providers, sets, known?.tokens)
    if (known?.grant === grant && known.tokens === tokens) return known
    return { user, id, version: record.version, grant, endsAt: grant.endsAt, tokens }
  }

  /** Writes a grant until `endsAt`; false when another one is there, or it ended. */
  async function write(
    user: UserHash,
    id: string,
    grant: Grant,
    { endsAt, over }: { readonly endsAt: number; readonly over: number | undefined },
  ): Promise<boolean> {
    const body = sealRecord(keyring, user, grantRecordName(id), grant)
    const record = { state: 'live', mark: '', reason: '', body, ttlMs: Math.max(1, endsAt - now()) } as const
    const condition = over === undefined ? { new: true as const } : { version: over }
    return (await records.write(user, grantRecordName(id), record, condition)) !== undefined
  }

  const replace = ({ user, id, version }: HeldGrant, grant: Grant) =>
    write(user, id, grant, { endsAt: grant.endsAt, over: version })

  return {
    read,

    /** Stores a new grant, which is gone at `endsAt` unless its code is exchanged. */
    async create(user: UserHash, id: string, grant: Grant, endsAt: number): Promise<void> {
      await write(user, id, grant, { endsAt, over: undefined })
    },

    /** Puts a grant in the place of the one that was read; false when that has changed or ended meanwhile. */
    replace,

    /** Changes some of a live grant, whatever else changes in it meanwhile. */
    async change(place: Pick<HeldGrant, 'user' | 'id'>, changes: (grant: Grant) => Partial<Grant>): Promise<void> {
      const held = await read(grantKey(place), [])
      if (held === undefined || (await replace(held, { ...held.grant, ...changes(held.grant) }))) return
      return this.change(place, changes)
    },

    /** The user's live grants, the newest first; without those that only another key opens. */
    async list(user: UserHash): Promise<readonly ListedGrant[]> {
      const names = (await records.list(user)).map(({ name }) => name).filter((name) => name.startsWith('g:'))
      const found = await records.read(user, names)
      const grants = names.flatMap((name, at): ListedGrant[] => {
        const record = found[at]
        const grant = record?.state === 'live' ? openIfWeCan<Grant>(keyring, user, name, record.body) : undefined
        return grant === undefined ? [] : [{ user, id: name.slice(2), grant }]
      })
      return grants.sort((a, b) => b.grant.createdAt - a.grant.createdAt)
    },
  }
}
