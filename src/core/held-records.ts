import type { Keyring, RecordState, StoredRecord, UserHash } from './ports.ts'
import { openRecord } from './sealed-record.ts'
import type { TokenSet } from './token-set.ts'

/** A stored token set, opened. */
export interface HeldTokens {
  readonly user: UserHash
  readonly provider: string
  readonly version: number
  readonly state: RecordState
  /** Why the provider refused it; empty while live. */
  readonly reason: string
  readonly set: TokenSet
}

/** Opens records once for each of their writings. */
export function createHeldRecords(keyring: Keyring) {
  /** Which writing of a record sessions and held tokens were made of. */
  const madeOf = new WeakMap<object, string>()

  /** What is made of a record: `known`, if it was made of the very same one, so that nothing is opened twice. */
  function made<T extends object>(record: StoredRecord, known: T | undefined, make: () => T): T {
    const writing = writingOf(record)
    if (known !== undefined && madeOf.get(known) === writing) return known
    const value = make()
    madeOf.set(value, writing)
    return value
  }

  function hold(
    user: UserHash,
    provider: string,
    record: StoredRecord | undefined,
    known?: HeldTokens,
  ): HeldTokens | undefined {
    if (record === undefined || record.state === 'ended') return undefined
    const { version, state, reason, body } = record
    return made(record, known, () => {
      return { user, provider, version, state, reason, set: openRecord<TokenSet>(keyring, user, `t:${provider}`, body) }
    })
  }

  /** The token sets of these providers, as far as there are any; the very map that is `known`, if nothing changed. */
  function holdAll(
    user: UserHash,
    providers: readonly string[],
    records: readonly (StoredRecord | undefined)[],
    known?: ReadonlyMap<string, HeldTokens>,
  ): ReadonlyMap<string, HeldTokens> {
    const all = new Map<string, HeldTokens>()
    for (const [at, provider] of providers.entries()) {
      const held = hold(user, provider, records[at], known?.get(provider))
      if (held !== undefined) all.set(provider, held)
    }
    const isKnown = known?.size === all.size && providers.every((provider) => known.get(provider) === all.get(provider))
    return isKnown ? known : all
  }

  return { made, hold, holdAll }
}

/** Tells one writing of a record from every other: each sealing ends in an authentication tag of its own. */
function writingOf({ version, state, body }: StoredRecord): string {
  const tag = body.subarray(-16)
  return `${version} ${state} ${Buffer.from(tag.buffer, tag.byteOffset, tag.byteLength).toString('latin1')}`
}
