import type { Audit, Clock } from '../ports.ts'
import { userKey } from '../session.ts'
import { grantKey, hasAccessToken, parseGrantToken } from './grant.ts'
import type { GrantStore, HeldGrant } from './grant-store.ts'

interface GrantedOptions {
  /** Cached: it is asked for with every request. */
  readonly read: (
    key: string,
    providers: readonly string[],
    confirmedWithinMs?: number,
  ) => Promise<HeldGrant | undefined>
  readonly change: GrantStore['change']
  readonly now: Clock
  readonly audit: Audit
}

/** What a client with an access token of ours asks for. */
interface Presented {
  readonly accessToken: string
  /** The resource it is presented at. */
  readonly resource: string
  /** Whose token sets are wanted with it. */
  readonly providers: readonly string[]
  /** It let something in that still lasts: the token's own end, after a quarter of an hour, does not end that. */
  readonly wasGood?: boolean
  /** How recently the store must have confirmed it. Milliseconds. */
  readonly confirmedWithinMs?: number | undefined
  /** Whether the client has its user open pages, where it says so now: it is believed until it says something else. */
  readonly opensPages?: boolean | undefined
}

/**
 * The grant that an access token stands for, `undefined` when it is no good at this resource: unknown, over, ended, or
 * made for another one (RFC 8707 section 2). Throws `store_unavailable`.
 */
export type Granted = (presented: Presented) => Promise<HeldGrant | undefined>

/** See `Granted`. */
export function createGranted({ read, change, now, audit }: GrantedOptions): Granted {
  async function find({ accessToken, resource, providers, wasGood = false, confirmedWithinMs }: Presented) {
    const token = parseGrantToken(accessToken)
    if (token === undefined) return undefined
    const key = grantKey(token)
    const isGood = ({ grant }: HeldGrant) =>
      grant.resource === resource && (wasGood || hasAccessToken(grant, token.secret, now()))
    const held = await read(key, providers, confirmedWithinMs)
    if (held === undefined || isGood(held)) return held
    // Another replica may have given out this token a moment ago.
    const newest = await read(key, providers, 0)
    if (newest === undefined || isGood(newest)) return newest
    if (hasAccessToken(newest.grant, token.secret, now())) refusedElsewhere(newest, resource)
    return undefined
  }

  /** A good token, where it was not made for: by mistake, or somebody got hold of it. */
  function refusedElsewhere({ id, grant: { provider, sub, client } }: HeldGrant, resource: string): void {
    const facts = { user: userKey(provider, sub), grant: id, client_id: client.id, resource }
    audit('access_denied', { ...facts, reason: 'a token for another resource' })
  }

  return async function granted(presented) {
    const held = await find(presented)
    const { opensPages } = presented
    if (held !== undefined && opensPages !== undefined && opensPages !== (held.grant.opensPages ?? false)) {
      // Who comes without it gets the address of a page in a text: no reason to fail.
      await change(held, () => ({ opensPages })).catch(() => undefined)
    }
    return held
  }
}
