import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { formats } from '../core/formats.ts'
import type { Keyring } from '../core/ports.ts'

const KEY_BYTES = 32
const KEY_ID_BYTES = 8
const SALT_BYTES = 16
const IV_BYTES = 12
const TAG_BYTES = 16

// Sealed bytes: format (1), key id (8), salt (16), IV (12), ciphertext, tag (16).
const SALT_AT = 1 + KEY_ID_BYTES
const IV_AT = SALT_AT + SALT_BYTES
const TEXT_AT = IV_AT + IV_BYTES

interface Key {
  readonly id: Buffer
  readonly secret: KeyObject
}

/**
 * A keyring over these 32-byte keys: the first seals, all open. One open of 4 KB takes about 10 µs.
 * Throws RangeError when there is no key or one has another length.
 */
export function createKeyring(keys: readonly Uint8Array[]): Keyring {
  const [first, ...others] = keys.map(readKey)
  if (first === undefined) throw new RangeError('A keyring needs at least one key.')
  const byId = new Map([first, ...others].map((key) => [key.id.toString('latin1'), key]))

  const keysFor = (use: string) =>
    [derive(first.secret, use), ...others.map(({ secret }) => derive(secret, use))] as const

  return {
    seal(purpose, context, plain) {
      const header = Buffer.concat([Buffer.of(formats.sealing), first.id, randomBytes(SALT_BYTES + IV_BYTES)])
      const cipher = createCipheriv('aes-256-gcm', sealingKey(first, header, purpose), header.subarray(IV_AT))
      cipher.setAAD(boundData(header, purpose, context))
      return Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },

    open(purpose, context, sealed) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      if (bytes.length < TEXT_AT + TAG_BYTES || bytes[0] !== formats.sealing) return undefined
      const key = byId.get(bytes.toString('latin1', 1, SALT_AT))
      if (key === undefined) return undefined

      const header = bytes.subarray(0, TEXT_AT)
      const decipher = createDecipheriv('aes-256-gcm', sealingKey(key, header, purpose), header.subarray(IV_AT), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(boundData(header, purpose, context))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      const plain = decipher.update(bytes.subarray(TEXT_AT, -TAG_BYTES))
      try {
        decipher.final()
      } catch {
        return undefined
      }
      return plain
    },

    isCurrent: (sealed) => sealed[0] === formats.sealing && first.id.equals(sealed.subarray(1, SALT_AT)),

    keysFor,

    digests(purpose, text) {
      const digest = (key: Buffer) => createHmac('sha256', key).update(text).digest('base64url')
      const [current, ...older] = keysFor(`digest ${purpose}`)
      return [digest(current), ...older.map(digest)]
    },
  }
}

function readKey(bytes: Uint8Array): Key {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`An encryption key has ${KEY_BYTES} bytes.`)
  const secret = createSecretKey(bytes)
  return { secret, id: derive(secret, 'key id').subarray(0, KEY_ID_BYTES) }
}

/** HKDF-SHA-256 (RFC 5869); `use` keeps keys of different uses apart. */
function derive(secret: KeyObject, use: string, salt: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, `toolgate ${use}`, KEY_BYTES))
}

/** Every record has a key of its own, so the number of records under one encryption key has no limit that matters. */
function sealingKey(key: Key, header: Buffer, purpose: string): Buffer {
  return derive(key.secret, `seal ${purpose}`, header.subarray(SALT_AT, IV_AT))
}

/** The associated data: the purpose carries its length, so that no two pairs of purpose and context look alike. */
function boundData(header: Buffer, purpose: string, context: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(purpose))
  return Buffer.concat([header, length, Buffer.from(purpose), Buffer.from(context)])
}
