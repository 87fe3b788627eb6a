import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { attributesFor, subjectOf } from './claims.ts'
import { milliseconds } from './config.ts'
import type { Client, User } from './schema.ts'
import type { Grant, State } from './state.ts'

/** The part of a token answer that every grant of a user has. */
interface UserTokens {
  readonly id_token?: string
  readonly access_token: string
  readonly expires_in: number
}

/** Signs the tokens of one grant; an ID token only when `openid` was granted. */
export async function userTokens(
  state: State,
  client: Client,
  user: User,
  grant: Grant,
  nonce?: string,
): Promise<UserTokens> {
  const claims = sharedClaims(state, client, user, grant)
  const keys = await state.keys.current()
  const accessToken = await sign(state, keys.access, client.access_token, {
    ...claims,
    ...(grant.resource === undefined ? {} : { aud: grant.resource }),
    client_id: client.id,
    token_use: 'access',
    scope: grant.scopes.join(' '),
    username: user.username,
    version: 2,
  })
  const answer = { access_token: accessToken, expires_in: milliseconds(client.access_token) / 1000 }
  if (!grant.scopes.includes('openid')) return answer
  const idToken = await sign(state, keys.id, client.id_token, {
    ...attributesFor(user, client, grant.scopes),
    ...claims,
    ...(nonce === undefined ? {} : { nonce }),
    at_hash: createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url'),
    aud: client.id,
    token_use: 'id',
    'cognito:username': user.username,
  })
  return { id_token: idToken, ...answer }
}

/** A machine's access token: `sub` is the client, there is no user name. */
export async function machineToken(state: State, client: Client, scopes: readonly string[]): Promise<UserTokens> {
  const { access } = await state.keys.current()
  const accessToken = await sign(state, access, client.access_token, {
    sub: client.id,
    iss: state.urls.issuer,
    client_id: client.id,
    token_use: 'access',
    scope: scopes.join(' '),
    version: 2,
    jti: randomUUID(),
    auth_time: Math.floor(state.now() / 1000),
  })
  return { access_token: accessToken, expires_in: milliseconds(client.access_token) / 1000 }
}

/** Remembers a new refresh token of a family that ends at `expiresAt`, in milliseconds. */
export function issueRefreshToken(state: State, grant: Grant, expiresAt: number): string {
  const token = refreshToken()
  state.refreshTokens.set(token, { grant, expiresAt, usableUntil: expiresAt })
  return token
}

function sharedClaims(state: State, client: Client, user: User, grant: Grant): Record<string, unknown> {
  const traceable = client.revocation || client.rotation.enabled
  return {
    sub: subjectOf(state.poolId, user),
    ...(user.groups.length === 0 ? {} : { 'cognito:groups': user.groups }),
    iss: state.urls.issuer,
    ...(traceable ? { origin_jti: grant.originJti, jti: randomUUID() } : {}),
    event_id: grant.eventId,
    auth_time: Math.floor(grant.authTime / 1000),
    acr: 'urn:cognito:loa:1',
    amr: ['pwd'],
  }
}

async function sign(
  state: State,
  { kid, privateKey }: { readonly kid: string; readonly privateKey: Parameters<SignJWT['sign']>[0] },
  lifetime: string,
  claims: Record<string, unknown>,
): Promise<string> {
  const iat = Math.floor(state.now() / 1000)
  const exp = Math.floor((state.now() + milliseconds(lifetime)) / 1000)
  return await new SignJWT({ ...claims, iat, exp, ...state.pool.extra_claims })
    .setProtectedHeader({ kid, alg: 'RS256' })
    .sign(privateKey)
}

/** Looks like Cognito's five-part JWE of over 1 kB; nobody but us could read one, so the rest is random. */
function refreshToken(): string {
  const header = Buffer.from('{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}').toString('base64url')
  const [key, iv, text, tag] = [256, 12, 850, 16].map((size) => randomBytes(size).toString('base64url'))
  return [header, key, iv, text, tag].join('.')
}
