import { UnreadableRecord } from './errors.ts'
import { formats } from './formats.ts'
import type { Keyring, RecordName } from './ports.ts'

/** What all sealed records are sealed for; their place in the store is bound in with it. */
export const recordPurpose = 'record'

/** Whose the gateway's own records are. No user has this hash: theirs are 22 characters long. */
export const gatewayOwner = 'gateway'

/**
 * A record's place, as its sealing knows it: nothing opens elsewhere. `owner` is a user hash, or the gateway. What was set
 * aside stays sealed for where it was.
 */
export function placeOf(owner: string, name: RecordName): string {
  return `${owner}/${name.replace(/^r:([^:]*):.*$/, 't:$1')}`
}

/** A value as the body of a record. */
export function sealRecord(keyring: Keyring, owner: string, name: RecordName, value: object): Uint8Array {
  const text = JSON.stringify({ format: formats.content, ...value })
  return keyring.seal(recordPurpose, placeOf(owner, name), Buffer.from(text))
}

/** The value in a record's body. Throws UnreadableRecord when it is sealed with a key we lack, or of a newer release. */
export function openRecord<T>(keyring: Keyring, owner: string, name: RecordName, body: Uint8Array): T {
  const plain = keyring.open(recordPurpose, placeOf(owner, name), body)
  if (plain === undefined) throw new UnreadableRecord(`cannot open ${name}`)
  const { format, ...value } = JSON.parse(Buffer.from(plain).toString())
  if (!(format <= formats.content)) throw new UnreadableRecord(`${name} has format ${format}`)
  return value
}

/** See `openRecord`; `undefined` where that throws. */
export function openIfWeCan<T>(keyring: Keyring, owner: string, name: RecordName, body: Uint8Array): T | undefined {
  try {
    return openRecord<T>(keyring, owner, name, body)
  } catch (error) {
    if (error instanceof UnreadableRecord) return undefined
    throw error
  }
}
