import type { AllRecords, FoundRecord, Keyring } from './ports.ts'
import { placeOf, recordPurpose } from './sealed-record.ts'

/** How many records there were, and what has become of them. */
export interface Rotation {
  /** Sealed with the first key now, and not before. */
  readonly resealed: number
  readonly current: number
  /** Sealed with a key that is not listed, or damaged. They stay as they are. */
  readonly unopened: number
  /** Written by a newer release. They stay as they are. */
  readonly newer: number
  /** Changed or gone while they were sealed anew: whoever wrote them sealed them, too. */
  readonly overtaken: number
}

/**
 * Seals every stored record with the first key, changing nothing else of it, however many gateways use them meanwhile.
 * Gives the totals so far after every step. Throws `store_unavailable`; what was done until then is done.
 */
export async function* rotateKeys(all: AllRecords, keyring: Keyring): AsyncGenerator<Rotation, void> {
  let totals: Rotation = { resealed: 0, current: 0, unopened: 0, newer: 0, overtaken: 0 }
  for await (const page of all.pages()) {
    const outcomes = await Promise.all(page.map((found) => reseal(found, all, keyring)))
    for (const outcome of outcomes) totals = { ...totals, [outcome]: totals[outcome] + 1 }
    yield totals
  }
}

async function reseal({ user, name, record }: FoundRecord, all: AllRecords, keyring: Keyring): Promise<keyof Rotation> {
  if (record === undefined) return 'newer'
  const { state, body } = record
  // Nothing is left in a tombstone.
  if (state === 'ended' || keyring.isCurrent(body)) return 'current'
  const place = placeOf(user, name)
  const plain = keyring.open(recordPurpose, place, body)
  if (plain === undefined) return 'unopened'
  const isReplaced = await all.replaceBody({ user, name }, body, keyring.seal(recordPurpose, place, plain))
  return isReplaced ? 'resealed' : 'overtaken'
}
