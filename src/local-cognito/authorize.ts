import { randomUUID } from 'node:crypto'
import { type Answer, Refusal, redirect } from './answer.ts'
import { type AuthorizationRequest, readAuthorizationRequest } from './authorization-request.ts'
import { milliseconds } from './config.ts'
import type { Incoming } from './incoming.ts'
import type { Grant, Session, State } from './state.ts'
import { toClient } from './to-client.ts'
import { userTokens } from './tokens.ts'

/** `GET /oauth2/authorize`: to the sign-in page, or straight back to the client for a browser that is signed in. */
export async function authorize(state: State, request: Incoming): Promise<Answer> {
  const asked = readAuthorizationRequest(state, request.query)
  const session = currentSession(state, request)
  if (session !== undefined && !asked.prompts.includes('login')) return await grantAccess(state, asked, session)
  if (asked.prompts.includes('none')) {
    throw new Refusal('prompt_none_without_session', toClient(asked, { error: 'login_required', state: asked.state }))
  }
  return redirect(`${state.urls.domain}/login?${request.search}`)
}

/** Answers the client for a signed-in user: with a code, or with tokens in the fragment. */
export async function grantAccess(state: State, asked: AuthorizationRequest, session: Session): Promise<Answer> {
  const grant: Grant = {
    clientId: asked.client.id,
    username: session.username,
    scopes: asked.scopes,
    resource: asked.resource,
    authTime: session.authTime,
    originJti: randomUUID(),
    eventId: randomUUID(),
  }
  if (asked.responseType === 'token') return await implicitAnswer(state, asked, grant)
  const code = randomUUID()
  state.codes.set(code, {
    grant,
    nonce: asked.nonce,
    redirectUri: asked.redirectUri,
    challenge: asked.challenge,
    redeemable: asked.redeemable,
    expiresAt: state.now() + milliseconds('5m'),
  })
  return toClient(asked, { code, state: asked.state })
}

async function implicitAnswer(state: State, asked: AuthorizationRequest, grant: Grant): Promise<Answer> {
  const user = state.user(grant.username)
  if (user === undefined) throw new Error('a session outlived its user')
  const tokens = await userTokens(state, asked.client, user, grant, asked.nonce)
  return toClient(asked, {
    id_token: tokens.id_token,
    access_token: tokens.access_token,
    token_type: 'bearer',
    expires_in: String(tokens.expires_in),
    state: asked.state,
  })
}

/** The browser's session, unless its hour is over. */
function currentSession(state: State, { cookies }: Incoming): Session | undefined {
  const session = state.sessions.get(cookies.cognito ?? '')
  if (session === undefined || session.expiresAt <= state.now()) return undefined
  return state.user(session.username) === undefined ? undefined : session
}
