import { compactVerify } from 'jose'
import { signingAlgorithms } from '../core/mcp/metadata.ts'
import type { Clock } from '../core/ports.ts'
import { createSigningKeys, unknownKeyPauseMs } from './providers/signing-keys.ts'

const timeoutMs = 5_000

/**
 * Verifies what clients sign, with the keys at these addresses and no others: an address that anybody may name is not
 * asked. Gives the claims, or `undefined` when no key signed it or the keys cannot be had.
 */
export function createVerifySignature(addresses: readonly string[], now: Clock) {
  const keysAt = new Map(addresses.map((address) => [address, createSigningKeys({ timeoutMs }, now)]))
  return async (jwt: string, jwksUri: string): Promise<Readonly<Record<string, unknown>> | undefined> => {
    const keys = keysAt.get(jwksUri)
    if (keys === undefined) return undefined
    try {
      const { payload } = await compactVerify(jwt, keys(jwksUri, unknownKeyPauseMs), {
        algorithms: [...signingAlgorithms],
      })
      return JSON.parse(Buffer.from(payload).toString())
    } catch {
      return undefined
    }
  }
}
