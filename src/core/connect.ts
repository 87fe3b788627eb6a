import { GatewayError } from './errors.ts'
import type { Audit } from './ports.ts'
import type { ReplaceTokens } from './replace-tokens.ts'
import type { Revoke } from './revoke.ts'
import type { Finished, Returned } from './round-trip.ts'
import { userKey } from './session.ts'
import { sessionOf } from './step-up.ts'
import { newTokenSet } from './token-set.ts'
import type { UserStore } from './user-store.ts'

interface ConnectOptions {
  readonly store: UserStore
  readonly replaceTokens: ReplaceTokens
  readonly discard: Revoke
  readonly cookieName: string
  readonly audit: Audit
}

/** Finishes a connection: a further provider's token set for the user who is signed in. It never signs anyone in. */
export function createConnect({ store, replaceTokens, discard, cookieName, audit }: ConnectOptions) {
  return async function finishConnect({ attempt, provider, tokens, at, cookies }: Returned): Promise<Finished> {
    const { user, session } = await sessionOf(attempt, cookies[cookieName], store)
    if (session.provider === provider.name) throw new GatewayError('bad_request')
    const set = newTokenSet(tokens, provider, at, 'connection')
    const lacking = await replaceTokens(user, set, attempt)
    if (lacking !== undefined) {
      discard(user, provider.name, set)
      return lacking
    }
    audit('connection_added', { user: userKey(session.provider, session.sub), provider: provider.name })
    return { location: attempt.returnTo, cookies: [] }
  }
}
