import { type JWTPayload, jwtVerify } from 'jose'
import { type Answer, json, Refusal } from './answer.ts'
import { attributesFor, subjectOf } from './claims.ts'
import type { Incoming } from './incoming.ts'
import type { State } from './state.ts'

/** `GET /oauth2/userInfo`: the claims of an access token's user; here every value is a string. */
export async function userInfo(state: State, { authorization }: Incoming): Promise<Answer> {
  const presented = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (presented === undefined) throw badRequest('bearer_missing')
  const claims = await verify(state, presented)
  if (claims.token_use !== 'access') throw badToken('not_an_access_token')
  if (state.revoked.has(String(claims.origin_jti))) throw badToken('access_token_revoked')
  const scopes = String(claims.scope).split(' ')
  if (!scopes.includes('openid')) throw badToken('scope_openid_missing')
  const user = state.user(String(claims.username))
  const client = state.clients.get(String(claims.client_id))
  if (user === undefined || client === undefined) throw badToken('user_gone')

  const attributes = Object.entries(attributesFor(user, client, scopes)).map(([name, value]) => [name, String(value)])
  return json(200, {
    sub: subjectOf(state.poolId, user),
    username: user.username,
    ...Object.fromEntries(attributes),
  })
}

async function verify(state: State, token: string): Promise<JWTPayload> {
  const find = async ({ kid }: { kid?: string }) => {
    const key = await state.keys.find(kid)
    if (key === undefined) throw badToken('signing_key_unknown')
    return key
  }
  try {
    const options = { issuer: state.urls.issuer, currentDate: new Date(state.now()) }
    return (await jwtVerify(token, find, options)).payload
  } catch (error) {
    if (error instanceof Refusal) throw error
    const expired = error instanceof Error && 'code' in error && error.code === 'ERR_JWT_EXPIRED'
    throw badToken(expired ? 'access_token_expired' : 'access_token_malformed')
  }
}

function badRequest(rule: string): Refusal {
  return refusal(rule, 400, 'invalid_request', 'Bad OAuth2 request at UserInfo Endpoint')
}

function badToken(rule: string): Refusal {
  const description = 'Access token is expired, disabled, or deleted, or the user has globally signed out.'
  return refusal(rule, 401, 'invalid_token', description)
}

function refusal(rule: string, status: number, error: string, description: string): Refusal {
  const challenge = `error="${error}", error_description="${description}"`
  return new Refusal(rule, json(status, { error, error_description: description }, { 'www-authenticate': challenge }))
}
