import { createHmac } from 'node:crypto'
import { isStoreAway } from './errors.ts'
import type { Clock, Keyring, RecordStore } from './ports.ts'
import { gatewayOwner, openRecord, placeOf, recordPurpose, sealRecord } from './sealed-record.ts'

/** The keys that users are named with in the store, the one for new users first. Throws `store_unavailable`. */
export type NamingKeys = () => Promise<readonly [Uint8Array, ...Uint8Array[]]>

interface NamingKeysOptions {
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly now: Clock
}

interface StoredKeys {
  /** Base64url. */
  readonly keys: readonly string[]
}

const name = 'k:names'
const dayMs = 24 * 3_600_000
/** Longer than anything that is named with them; moved every day that somebody signs in. */
const ttlMs = 10 * 365 * dayMs

/** HMAC-SHA-256, base64url. */
export function hashWith(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

/**
 * What a user's records are found by must outlive the encryption key that it was first made with. So the keys for names
 * are derived from the encryption keys once, and then kept, sealed, in the store. Those of the encryption keys in use
 * come after them; where what is kept cannot be opened, they are all there is.
 */
export function createNamingKeys({ records, keyring, now }: NamingKeysOptions): NamingKeys {
  const derived = keyring.keysFor('digest user')
  let known: readonly Uint8Array[] | undefined
  let touchedAt = Number.NEGATIVE_INFINITY

  return async function namingKeys() {
    known = await read().catch(whileAway)
    const [first = derived[0], ...others] = unique([...known, ...derived])
    return [first, ...others]
  }

  /** The keys never change: what was read once is as good as what cannot be read now. */
  function whileAway(error: unknown): readonly Uint8Array[] {
    if (known !== undefined && isStoreAway(error)) return known
    throw error
  }

  /** Reads the keys that are kept; there are none yet: keeps them. Of several replicas one does, the others read again. */
  async function read(): Promise<readonly Uint8Array[]> {
    for (;;) {
      const [found] = await records.read(gatewayOwner, [name])
      const record = found?.state === 'live' ? found : undefined
      const kept = record === undefined ? derived : open(record.body)
      // What was sealed with an older encryption key is sealed anew, before that one is taken away.
      const isSettled = record !== undefined && (kept.length === 0 || keyring.isCurrent(record.body))
      if (isSettled ? await touch() : await write(kept, record?.version)) return kept
    }
  }

  /** None, when they are sealed with a key we lack. Throws UnreadableRecord for those of a newer release. */
  function open(body: Uint8Array): readonly Uint8Array[] {
    if (keyring.open(recordPurpose, placeOf(gatewayOwner, name), body) === undefined) return []
    const { keys } = openRecord<StoredKeys>(keyring, gatewayOwner, name, body)
    return keys.map((key) => Buffer.from(key, 'base64url'))
  }

  async function write(keys: readonly Uint8Array[], version: number | undefined): Promise<boolean> {
    const body = sealRecord(keyring, gatewayOwner, name, { keys: keys.map((key) => textOf(key)) } satisfies StoredKeys)
    const condition = version === undefined ? ({ new: true } as const) : { version }
    const record = { state: 'live', mark: '', reason: '', body, ttlMs } as const
    return (await records.write(gatewayOwner, name, record, condition)) !== undefined
  }

  async function touch(): Promise<boolean> {
    if (now() - touchedAt < dayMs) return true
    touchedAt = now()
    return records.touch(gatewayOwner, name, ttlMs)
  }
}

function unique(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(keys.map((key) => [textOf(key), key])).values()]
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString('base64url')
}
