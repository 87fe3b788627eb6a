import type { UserHash } from '../ports.ts'
import { isEqualDigest, randomId, sha256 } from '../secret.ts'

/** One MCP client allowed to act for one user on one resource. Times in milliseconds since the epoch. */
export interface Grant {
  readonly provider: string
  /** The provider's name for the user. */
  readonly sub: string
  readonly client: GrantedClient
  /** The whole redirect URI that the code went to. */
  readonly redirectUri: string
  readonly resource: string
  readonly scopes: readonly string[]
  /** The connections of the user that the resource uses, when consent was given. */
  readonly linked: readonly string[]
  /** The providers, besides that of the sign-in, whose accounts the user lets the client use, linked or not. */
  readonly accounts: readonly string[]
  readonly createdAt: number
  /** The end of the token set it relies on, as far as that is known. */
  readonly endsAt: number
  readonly code: GrantedCode
  /** The secret that refresh tokens are made of, with the counter of the one that is good now. */
  readonly family: string
  readonly counter: number
  readonly renewedAt: number
  readonly accessTokens: readonly GrantedToken[]
  /** Whether the client said of itself, with `initialize`, that it has its user open pages that a server names. */
  readonly opensPages?: boolean
}

/** What a request needs to know of the grant it comes with. */
export interface GrantFacts extends Pick<Grant, 'scopes' | 'accounts'> {
  readonly id: string
  readonly clientId: string
  readonly opensPages: boolean
}

/** See `GrantFacts`. */
export function factsOf(id: string, { client, scopes, accounts, opensPages = false }: Grant): GrantFacts {
  return { id, clientId: client.id, scopes, accounts, opensPages }
}

/** A client, as its user knows it. */
interface GrantedClient {
  readonly id: string
  readonly name: string
}

/** The code that the client exchanges. */
interface GrantedCode {
  readonly hash: string
  readonly challenge: string
  readonly expiresAt: number
  readonly isUsed: boolean
}

interface GrantedToken {
  readonly hash: string
  readonly expiresAt: number
}

/** Codes are good for a minute (RFC 6749 section 4.1.2). */
export const codeMs = 60_000
export const accessTokenMs = 15 * 60_000
/** A refresh token that was just used gives the same successor again: answers get lost, and clients ask twice at once. */
export const graceMs = 60_000
/** More than any client needs at once; each refresh makes one. */
const maxAccessTokens = 16

/** What a code or token of ours says openly: whose records, which grant in them, and the secret that proves it. */
export interface GrantToken {
  readonly user: UserHash
  readonly id: string
  readonly secret: string
}

/** A grant's place in the store, as a credential for the cache. */
export function grantKey({ user, id }: Pick<GrantToken, 'user' | 'id'>): string {
  return `${user}.${id}`
}

/** Reads a grant's place. */
export function parseGrantKey(key: string | undefined): Pick<GrantToken, 'user' | 'id'> | undefined {
  const [, user, id] = /^([\w-]{16,64})\.([\w-]{22})$/.exec(key ?? '') ?? []
  return user === undefined || id === undefined ? undefined : { user, id }
}

/** A new code or access token of a grant. */
export function newGrantToken({ user, id }: Pick<GrantToken, 'user' | 'id'>): GrantToken {
  return { user, id, secret: randomId() }
}

/** The value that the client gets. */
export function formatGrantToken({ user, id, secret }: GrantToken): string {
  return `${user}.${id}.${secret}`
}

/** Reads what a client sent; `undefined` when it is not of our making. Of refresh tokens the secret has two parts. */
export function parseGrantToken(value: string): GrantToken | undefined {
  const [, user, id, secret] = /^([\w-]{16,64})\.([\w-]{22})\.((?:\d{1,9}\.)?[\w-]{43})$/.exec(value) ?? []
  return user === undefined || id === undefined || secret === undefined ? undefined : { user, id, secret }
}

/** Whether an access token is one of the grant's, and good at that time. */
export function hasAccessToken({ accessTokens }: Grant, secret: string, now: number): boolean {
  const hash = sha256(secret)
  return accessTokens.some((token) => token.expiresAt > now && isEqualDigest(token.hash, hash))
}

/** The grant with one more access token; what is over is forgotten. */
export function withAccessToken(grant: Grant, secret: string, now: number): Grant {
  const good = grant.accessTokens.filter(({ expiresAt }) => expiresAt > now)
  const token = { hash: sha256(secret), expiresAt: now + accessTokenMs }
  return { ...grant, accessTokens: [...good, token].slice(-maxAccessTokens) }
}
