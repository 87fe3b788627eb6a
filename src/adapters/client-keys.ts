import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose'
import type { JsonWebKeySet } from '../core/mcp/client.ts'
import type { VerifySignature } from '../core/mcp/client-assertion.ts'
import { readKeySet } from '../core/mcp/client-metadata.ts'
import { type FetchedDocument, pauseMs, type ReadDocument } from '../core/mcp/kept-documents.ts'
import { signingAlgorithms } from '../core/mcp/metadata.ts'
import { fetchJson } from './fetch-json.ts'

const timeoutMs = 5_000

/** Where key sets are read: those that the config names may lie inside, those that clients name must not. */
interface KeySets {
  readonly ofConfig: ReadDocument
  readonly ofClients: ReadDocument
}

/** Verifies what clients sign. What no key of a copy of their key set signed, one of a newer copy may have. */
export function createVerifySignature({ ofConfig, ofClients }: KeySets): VerifySignature {
  return async function verifySignature(jwt, { keys, known }) {
    if (keys === undefined) return undefined
    if ('jwks' in keys) return claimsOf(jwt, keys.jwks)
    const read = known === 'configured' ? ofConfig : ofClients
    const { jwksUri } = keys
    return (await claimsOf(jwt, await read(jwksUri))) ?? claimsOf(jwt, await read(jwksUri, pauseMs))
  }
}

/** The keys of a client of the config. */
export async function fetchKeys(address: string): Promise<FetchedDocument> {
  const { status, body } = await fetchJson(address, { timeoutMs })
  if (status !== 200) throw new Error(`${address} answers with status ${status}`)
  return { text: JSON.stringify(body), maxAgeMs: undefined }
}

async function claimsOf(jwt: string, keySet: unknown): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(await payloadOf(jwt, readKeySet(keySet))).toString())
    return typeof claims === 'object' && claims !== null ? { ...claims } : undefined
  } catch {
    return undefined
  }
}

/** Of several keys that may have signed it, where it does not name one, each is tried. */
async function payloadOf(jwt: string, keySet: JsonWebKeySet): Promise<Uint8Array> {
  const options = { algorithms: [...signingAlgorithms] }
  try {
    return (await compactVerify(jwt, createLocalJWKSet(keySet as JSONWebKeySet), options)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      const verified = await compactVerify(jwt, key, options).catch(() => undefined)
      if (verified !== undefined) return verified.payload
    }
    throw error
  }
}
