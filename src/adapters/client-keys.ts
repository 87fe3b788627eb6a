import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose'
import type { VerifySignature } from '../core/mcp/client-assertion.ts'
import { type FetchedDocument, pauseMs, type ReadDocument } from '../core/mcp/kept-documents.ts'
import { signingAlgorithms } from '../core/mcp/metadata.ts'
import { fetchJson } from './fetch-json.ts'

const timeoutMs = 5_000

/** Where key sets are read: those that the config names may lie inside, those that clients name must not. */
interface KeySets {
  readonly ofConfig: ReadDocument
  readonly ofClients: ReadDocument
}

/** Verifies what clients sign. A key that is not in a copy of their key set may be in a newer one. */
export function createVerifySignature({ ofConfig, ofClients }: KeySets): VerifySignature {
  return async function verifySignature(jwt, { keys, known }) {
    if (keys === undefined) return undefined
    if ('jwks' in keys) return claimsIn(await verified(jwt, keys.jwks))
    const read = known === 'configured' ? ofConfig : ofClients
    const outcome = await verified(jwt, await read(keys.jwksUri))
    return claimsIn(outcome === 'key_unknown' ? await verified(jwt, await read(keys.jwksUri, pauseMs)) : outcome)
  }
}

/** The keys of a client of the config. */
export async function fetchKeys(address: string): Promise<FetchedDocument> {
  const { status, body } = await fetchJson(address, { timeoutMs })
  if (status !== 200) throw new Error(`${address} answers with status ${status}`)
  return { text: JSON.stringify(body), maxAgeMs: undefined }
}

type Outcome = Uint8Array | 'key_unknown' | 'not_signed'

async function verified(jwt: string, keySet: unknown): Promise<Outcome> {
  try {
    const { payload } = await compactVerify(jwt, createLocalJWKSet(keySet as JSONWebKeySet), {
      algorithms: [...signingAlgorithms],
    })
    return payload
  } catch (error) {
    return error instanceof errors.JWKSNoMatchingKey ? 'key_unknown' : 'not_signed'
  }
}

function claimsIn(payload: Outcome): Readonly<Record<string, unknown>> | undefined {
  if (typeof payload === 'string') return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload).toString())
    return typeof claims === 'object' && claims !== null ? { ...claims } : undefined
  } catch {
    return undefined
  }
}
