import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../../core/ports.ts'
import { ProviderError } from '../../core/provider.ts'
import { fetchJson } from '../fetch-json.ts'

/**
 * Finds the key that a token is signed with, among those at `jwksUri`. An unknown key has them fetched anew, unless that
 * was done, or tried, less than `pauseMs` ago. Throws ProviderError `unavailable` when nobody can say whether a key is
 * theirs, and jose's errors for a token that none of them signed.
 */
export type SigningKeys = (jwksUri: string, pauseMs: number) => JWTVerifyGetKey

/** The pause for tokens that anybody can send: whoever likes can make some up, with unknown key ids. Milliseconds. */
export const unknownKeyPauseMs = 60_000

const maxAgeMs = 3_600_000
const retryMs = 5_000
/** However often keys are wanted that are not there. */
const leastPauseMs = 1_000

/** The signing keys of one provider, fetched at the first need and after an hour; old ones serve while it is away. */
export function createSigningKeys({ timeoutMs }: { readonly timeoutMs: number }, now: Clock): SigningKeys {
  const keySets = new Map<string, ReturnType<typeof createKeySet>>()

  return (jwksUri, pauseMs) => {
    const keySet = keySets.get(jwksUri) ?? createKeySet(jwksUri, timeoutMs, now)
    keySets.clear()
    keySets.set(jwksUri, keySet)
    return keySet(pauseMs)
  }
}

function createKeySet(uri: string, timeoutMs: number, now: Clock): (pauseMs: number) => JWTVerifyGetKey {
  let fetching: Promise<void> | undefined
  let known: JWTVerifyGetKey | undefined
  let failure: ProviderError | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let missedAt = Number.NEGATIVE_INFINITY

  async function refetch(pauseMs: number): Promise<void> {
    if (fetching === undefined && now() - triedAt < pauseMs) return
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined
    })
    await fetching
  }

  /** A first unknown key is asked for at once: the keys may have changed right after they were fetched. */
  async function refetchForUnknown(pauseMs: number): Promise<void> {
    if (fetching === undefined && now() - missedAt < leastPauseMs) return
    missedAt = now()
    await (fetching ?? refetch(pauseMs))
  }

  async function fetchKeys(): Promise<void> {
    try {
      const { status, body } = await fetchJson(uri, { timeoutMs })
      if (status !== 200) throw new Error(`status ${status}`)
      known = createLocalJWKSet(body as JSONWebKeySet)
      fetchedAt = now()
      failure = undefined
    } catch (cause) {
      const description = 'the signing keys could not be fetched'
      failure = new ProviderError('unavailable', { step: 'id_token', cause, description })
    }
    triedAt = now()
  }

  return (pauseMs) => async (header, token) => {
    if (known === undefined) await refetch(Math.max(leastPauseMs, Math.min(pauseMs, retryMs)))
    else if (now() - fetchedAt >= maxAgeMs) await refetch(Math.max(pauseMs, retryMs))
    if (known === undefined) throw failure
    try {
      return await known(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await refetchForUnknown(pauseMs)
      if (failure !== undefined) throw failure
      return known(header, token)
    }
  }
}
