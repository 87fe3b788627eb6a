import type { StoredUser } from '../endings.ts'
import type { HeldTokens } from '../held-records.ts'
import type { Audit, Clock } from '../ports.ts'
import { randomId, sha256 } from '../secret.ts'
import { userKey } from '../session.ts'
import type { UserStore } from '../user-store.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { codeMs, formatGrantToken, type Grant, newGrantToken } from './grant.ts'
import type { GrantStore, ListedGrant } from './grant-store.ts'
import { OAuthError } from './oauth-error.ts'
import { surplusGrants } from './surplus-grants.ts'

/** A user who consented. */
interface ConsentingUser extends StoredUser {
  /** The providers whose accounts the resource uses, and those of them that the user has linked. */
  readonly accounts: readonly string[]
  readonly linked: readonly string[]
}

interface IssueGrantOptions {
  readonly store: Pick<GrantStore, 'list' | 'create'>
  readonly tokens: Pick<UserStore, 'readTokens'>
  readonly end: (grant: ListedGrant, reason: string) => Promise<void>
  readonly now: Clock
  readonly audit: Audit
}

/**
 * Makes a new grant of what a user consented to, and gives its code; `undefined`, when the user's sign-in ended meanwhile.
 * Throws `invalid_scope` and `store_unavailable`.
 */
export function createIssueGrant({ store, tokens, end, now, audit }: IssueGrantOptions) {
  return async function issueGrant(user: ConsentingUser, request: AuthorizationRequest): Promise<string | undefined> {
    const relied = await tokens.readTokens(user.user, user.provider)
    if (relied?.state !== 'live') return undefined
    const scopes = await heldScopes(request, user.user, relied)
    const code = newGrantToken({ user: user.user, id: randomId().slice(0, 22) })
    const at = now()
    const { client, redirectUri, route, codeChallenge: challenge } = request
    const grant: Grant = {
      provider: user.provider,
      sub: user.sub,
      client: { id: client.id, name: client.name },
      redirectUri,
      resource: route.mcp.resource,
      scopes,
      linked: user.linked,
      accounts: user.accounts,
      createdAt: at,
      endsAt: relied.set.endsAt,
      code: { hash: sha256(code.secret), challenge, expiresAt: at + codeMs, isUsed: false },
      family: randomId(),
      counter: 0,
      renewedAt: at,
      accessTokens: [],
    }
    for (const old of surplusGrants(await store.list(user.user))) await end(old, 'the user has too many')
    await store.create(user.user, code.id, grant, at + codeMs)
    audit('consent_granted', {
      user: userKey(user.provider, user.sub),
      grant: code.id,
      client_id: client.id,
      client_name: client.name,
      redirect_uri: redirectUri,
      resource: grant.resource,
      scope: scopes.join(' '),
    })
    return formatGrantToken(code)
  }

  /** What is asked for and the provider granted, too (RFC 6749 section 3.3). What nobody has connected yet is not known. */
  async function heldScopes({ route, scopes }: AuthorizationRequest, user: string, signedIn: HeldTokens) {
    const { provider = signedIn.provider } = route
    const source = provider === signedIn.provider ? signedIn : await tokens.readTokens(user, provider)
    const held = source?.state === 'live' ? scopes.filter((scope) => source.set.scopes.includes(scope)) : scopes
    if (held.length > 0 || scopes.length === 0) return held
    throw new OAuthError('invalid_scope', 'The sign-in provider granted none of these scopes.')
  }
}
