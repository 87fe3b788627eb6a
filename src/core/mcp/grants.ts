import type { Endings } from '../endings.ts'
import { hashWith } from '../naming-keys.ts'
import type { Audit, Clock } from '../ports.ts'
import { codeChallenge, isEqualSecret, sha256 } from '../secret.ts'
import type { UserStore } from '../user-store.ts'
import type { Client } from './client.ts'
import { refusing } from './client-refusal.ts'
import {
  accessTokenMs,
  formatGrantToken,
  type Grant,
  type GrantToken,
  graceMs,
  grantKey,
  newGrantToken,
  parseGrantToken,
  withAccessToken,
} from './grant.ts'
import type { GrantStore, HeldGrant, ListedGrant } from './grant-store.ts'
import { createIssueGrant } from './issue-grant.ts'
import { OAuthError } from './oauth-error.ts'

interface GrantsOptions {
  readonly store: GrantStore
  readonly tokens: Pick<UserStore, 'readTokens'>
  readonly endings: Pick<Endings, 'grant'>
  readonly now: Clock
  readonly audit: Audit
}

/** A code that a client wants exchanged (RFC 6749 section 4.1.3). */
interface CodeExchange {
  readonly client: Client
  /** The issuer that is asked: what another one gave is nothing here. */
  readonly issuer: string
  readonly code: string
  readonly redirectUri: string
  readonly codeVerifier: string
  /** `undefined`: whatever it was made for. Else whether it is for a resource. */
  readonly isFor: ((resource: string) => boolean) | undefined
}

/** A refresh token that a client wants used (section 6). */
interface Refreshing {
  readonly client: Client
  readonly issuer: string
  readonly refreshToken: string
  readonly scopes: readonly string[] | undefined
  readonly isFor: CodeExchange['isFor']
}

/** What the token endpoint answers (section 5.1). */
export interface TokenAnswer {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly refresh_token: string
  readonly scope: string
}

/** The life of grants: from the code that consent gives, over its tokens, to its end. See `createGrants`. */
export type Grants = ReturnType<typeof createGrants>

/** All throw `store_unavailable`; what a client presents and is no good, OAuthError `invalid_grant`. */
export function createGrants({ store, tokens, endings, now, audit }: GrantsOptions) {
  const issue = createIssueGrant({ store, tokens, end, now, audit })

  /** Tokens for a code, once; a code that comes twice ends what it gave (RFC 6749 section 4.1.2). */
  async function exchange(exchanging: CodeExchange): Promise<TokenAnswer> {
    const { client, issuer, code, redirectUri, codeVerifier, isFor } = exchanging
    const { token, held } = await presented(code, client, issuer)
    const { grant } = held
    if (!isEqualSecret(grant.code.hash, sha256(token.secret))) throw invalid('The code is not known.')
    if (grant.code.isUsed) return endFor(held, 'code used again')
    // None of this spends the code: who got hold of it without the rest has nothing.
    if (grant.code.expiresAt <= now()) throw invalid('The code is over.')
    if (grant.redirectUri !== redirectUri) throw invalid('The redirect_uri is not the one that the code was sent to.')
    if (!isEqualSecret(codeChallenge(codeVerifier), grant.code.challenge)) throw invalid('The code_verifier is wrong.')
    checkResource(grant, isFor)
    const answer = await tokensFor(held, {
      ...grant,
      code: { ...grant.code, isUsed: true },
      counter: 1,
      renewedAt: now(),
    })
    return answer ?? exchange(exchanging)
  }

  /** New tokens for a refresh token; one that was replaced a while ago ends the family (RFC 9700 section 4.14.2). */
  async function renew(refreshing: Refreshing): Promise<TokenAnswer> {
    const { client, issuer, refreshToken, scopes, isFor } = refreshing
    const { token, held } = await presented(refreshToken, client, issuer)
    const { grant } = held
    const counter = counterIn(token, grant)
    if (counter === undefined) throw invalid('The refresh token is not known.')
    const isRepeated = counter === grant.counter - 1 && now() < grant.renewedAt + graceMs
    if (counter !== grant.counter && !isRepeated) return endFor(held, 'refresh token used again')
    checkResource(grant, isFor)
    if (scopes?.some((scope) => scope !== 'offline_access' && !grant.scopes.includes(scope))) {
      throw new OAuthError('invalid_scope', 'The grant does not hold this scope; ask the user for it.')
    }
    const renewed = isRepeated ? grant : { ...grant, counter: counter + 1, renewedAt: now() }
    return (await tokensFor(held, renewed)) ?? renew(refreshing)
  }

  /** Ends the grant that a token of the client's is of, whichever it is (RFC 7009 section 2.1). */
  async function revoke(value: string, client: Client, issuer: string): Promise<void> {
    const found = await presented(value, client, issuer).catch((error) => {
      if (error instanceof OAuthError) return undefined
      throw error
    })
    if (found === undefined) return
    const { token, held } = found
    const hash = sha256(token.secret)
    const isAccessToken = held.grant.accessTokens.some((known) => isEqualSecret(known.hash, hash))
    if (isAccessToken || counterIn(token, held.grant) !== undefined) await end(held, 'revoked by the client')
  }

  /** The grant that a code or token is of, if it is this client's and was given here. */
  async function presented(
    value: string,
    client: Client,
    issuer: string,
  ): Promise<{ token: GrantToken; held: HeldGrant }> {
    const token = parseGrantToken(value)
    const held = token && (await store.read(grantKey(token), []))
    if (
      token === undefined ||
      held === undefined ||
      held.grant.client.id !== client.id ||
      new URL(held.grant.resource).origin !== issuer
    ) {
      throw invalid('There is no such grant, or it has ended.')
    }
    return { token, held }
  }

  /** Which refresh token of the grant it is, by the counter in it. */
  function counterIn({ secret }: GrantToken, { family, counter: current }: Grant): number | undefined {
    const [counter = '', proof] = secret.split('.')
    if (proof === undefined || !(Number(counter) <= current)) return undefined
    return isEqualSecret(proofOf(family, Number(counter)), proof) ? Number(counter) : undefined
  }

  /** Stores the grant with a new access token, and answers with it; `undefined`, when somebody else was quicker. */
  async function tokensFor(held: HeldGrant, grant: Grant): Promise<TokenAnswer | undefined> {
    const { user, id } = held
    const relied = await tokens.readTokens(user, grant.provider)
    if (relied?.state !== 'live') return endFor(held, 'the sign-in ended')
    const access = newGrantToken({ user, id })
    const next = withAccessToken({ ...grant, endsAt: relied.set.endsAt }, access.secret, now())
    if (!(await store.replace(held, next))) return undefined
    const refresh = { user, id, secret: `${grant.counter}.${proofOf(grant.family, grant.counter)}` }
    return {
      access_token: formatGrantToken(access),
      token_type: 'Bearer',
      expires_in: accessTokenMs / 1000,
      refresh_token: formatGrantToken(refresh),
      scope: grant.scopes.join(' '),
    }
  }

  async function endFor(held: HeldGrant, reason: string): Promise<never> {
    await end(held, reason)
    throw invalid(`The grant has ended: ${reason}.`)
  }

  async function end({ user, id, grant }: ListedGrant, reason: string): Promise<void> {
    await endings.grant({ user, provider: grant.provider, sub: grant.sub }, id, reason)
  }

  return {
    issue,
    exchange: (exchanging: CodeExchange) => exchange(exchanging).catch(refusing(audit, exchanging.client.id)),
    renew: (refreshing: Refreshing) => renew(refreshing).catch(refusing(audit, refreshing.client.id)),
    revoke,
    end,
    list: store.list,
  }
}

/** What a refresh token is made of: the same successor each time, and nothing of it is stored. The family is the key. */
function proofOf(family: string, counter: number): string {
  return hashWith(Buffer.from(family), `refresh token ${counter}`)
}

function checkResource({ resource }: Grant, isFor: CodeExchange['isFor']): void {
  if (isFor !== undefined && !isFor(resource))
    throw new OAuthError('invalid_target', 'The grant is for another resource.')
}

function invalid(message: string): OAuthError {
  return new OAuthError('invalid_grant', message)
}
