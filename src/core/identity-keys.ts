import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, type webcrypto } from 'node:crypto'
import { GatewayError } from './errors.ts'
import type { Clock, Keyring, RecordStore } from './ports.ts'
import { gatewayOwner, openRecord, sealRecord } from './sealed-record.ts'
import { sha256 } from './secret.ts'
import { createSingleFlight } from './single-flight.ts'

/** A key of `X-Toolgate-Identity`. */
export interface IdentityKey {
  readonly kid: string
  readonly privateKey: KeyObject
  /** As others may see it (RFC 7517). */
  readonly publicJwk: Readonly<Record<string, unknown>>
}

/** The gateway's signing keys. Both throw `store_unavailable`. See `createIdentityKeys`. */
export interface IdentityKeys {
  /** The one that signs now. */
  readonly current: () => Promise<IdentityKey>
  /** Those that sign now, will soon, or did so lately. */
  readonly published: () => Promise<readonly IdentityKey[]>
}

/** A key as it is stored; it signs from then on, until the next one does. Milliseconds since the epoch. */
interface StoredKey {
  readonly jwk: webcrypto.JsonWebKey
  readonly signsFrom: number
}

interface StoredKeys {
  readonly keys: readonly StoredKey[]
}

interface Keyset {
  readonly keys: readonly (IdentityKey & Pick<StoredKey, 'signsFrom'>)[]
  readonly readAt: number
}

const hourMs = 3_600_000
/** How long a key is published before it signs, so that nobody meets a token whose key they have not seen. */
const aheadMs = 24 * hourMs
const signingMs = 90 * 24 * hourMs
/** A key's last token lives for a minute; clocks differ. */
const afterMs = hourMs / 6
const ttlMs = signingMs + 30 * 24 * hourMs

const name = 'k:identity'

/** Nobody has seen the first key, so it signs at once. `keys` itself, when nothing is to change. */
function rolled(keys: readonly StoredKey[], now: number): readonly StoredKey[] {
  const kept = keys.filter((_, index) => now < (keys[index + 1]?.signsFrom ?? now) + afterMs)
  const last = kept.at(-1)
  if (last === undefined) return [newKey(now)]
  if (now >= last.signsFrom + signingMs - aheadMs) return [...kept, newKey(now + aheadMs)]
  return kept.length === keys.length ? keys : kept
}

function newKey(signsFrom: number): StoredKey {
  return { jwk: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), signsFrom }
}

function opened({ jwk, signsFrom }: StoredKey): Keyset['keys'][number] {
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  const { kty, crv, x, y } = createPublicKey(privateKey).export({ format: 'jwk' })
  // RFC 7638.
  const kid = sha256(JSON.stringify({ crv, kty, x, y }))
  return { kid, privateKey, signsFrom, publicJwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' } }
}

interface IdentityKeysOptions {
  readonly records: RecordStore
  readonly keyring: Keyring
  readonly now: Clock
}

/**
 * Keys that all replicas share, sealed in the store, a new one every 90 days. What was read holds for a day, since that
 * long no key signs that was not in it; it is read again after an hour, behind whoever asks.
 */
export function createIdentityKeys({ records, keyring, now }: IdentityKeysOptions): IdentityKeys {
  const readOnce = createSingleFlight<Keyset>()
  let known: Keyset | undefined

  async function keyset(): Promise<Keyset> {
    const age = known === undefined ? Number.POSITIVE_INFINITY : now() - known.readAt
    if (known === undefined || age >= aheadMs) return readOnce('', read)
    if (age >= hourMs) readOnce('', read).catch(() => undefined)
    return known
  }

  /** Reads the keys, and makes or rolls them where it is time. Of several replicas one does; the others read again. */
  async function read(): Promise<Keyset> {
    for (;;) {
      const readAt = now()
      const [found] = await records.read(gatewayOwner, [name])
      const record = found?.state === 'live' ? found : undefined
      const stored = record === undefined ? [] : openRecord<StoredKeys>(keyring, gatewayOwner, name, record.body).keys
      const keys = rolled(stored, readAt)
      // A record that was sealed with an older encryption key is sealed anew, before that one is taken away.
      const isSettled = keys === stored && record !== undefined && keyring.isCurrent(record.body)
      if (isSettled || (await write(keys, record?.version))) {
        known = { keys: keys.map(opened), readAt }
        return known
      }
    }
  }

  async function write(keys: readonly StoredKey[], version: number | undefined): Promise<boolean> {
    const body = sealRecord(keyring, gatewayOwner, name, { keys })
    const condition = version === undefined ? ({ new: true } as const) : { version }
    const record = { state: 'live', mark: '', reason: '', body, ttlMs } as const
    return (await records.write(gatewayOwner, name, record, condition)) !== undefined
  }

  return {
    async current() {
      const { keys } = await keyset()
      // Another replica's clock may be ahead of ours when it makes the first.
      const key = keys.findLast(({ signsFrom }) => signsFrom <= now()) ?? keys[0]
      if (key === undefined) throw new GatewayError('internal_error')
      return key
    },
    published: async () => (await keyset()).keys,
  }
}
