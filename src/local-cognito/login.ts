import { randomBytes } from 'node:crypto'
import { type Answer, errorPage, html, Refusal } from './answer.ts'
import { type AuthorizationRequest, readAuthorizationRequest } from './authorization-request.ts'
import { grantAccess } from './authorize.ts'
import { milliseconds } from './config.ts'
import type { Incoming } from './incoming.ts'
import { signInPage, unavailablePage } from './pages.ts'
import type { User } from './schema.ts'
import { isSame } from './secret.ts'
import type { State } from './state.ts'

/** `GET /login`: the sign-in page. */
export function showLogin(state: State, request: Incoming): Answer {
  readLoginRequest(state, request)
  return html(200, signInPage(request, { username: request.query.get('login_hint') ?? '' }))
}

/** `POST /login`: signs in, starts the browser's session of one hour, goes back to the client. */
export async function submitLogin(state: State, request: Incoming): Promise<Answer> {
  const asked = readLoginRequest(state, request)
  const username = request.form?.get('username') ?? ''
  if (!isSame(request.form?.get('_csrf') ?? '', request.csrf)) {
    const message = 'Your browser did not send back the cookie of this page. Allow cookies and try again.'
    throw new Refusal('csrf_mismatch', html(403, signInPage(request, { username, message })))
  }
  const user = signedInUser(state, username, request.form?.get('password') ?? '')
  if (user === undefined) {
    const message = 'Incorrect username or password.'
    throw new Refusal('wrong_password', html(200, signInPage(request, { username, message })))
  }

  const now = state.now()
  const session = { username: user.username, authTime: now, expiresAt: now + milliseconds('1h') }
  const id = randomBytes(32).toString('base64url')
  state.sessions.set(id, session)
  const answer = await grantAccess(state, asked, session)
  return { ...answer, cookies: [{ name: 'cognito', value: id, maxAge: 3600 }] }
}

function readLoginRequest(state: State, { query }: Incoming): AuthorizationRequest {
  if (!query.get('client_id')) {
    throw new Refusal('client_id_missing', errorPage(state.urls.domain, 'Client does not exist'))
  }
  const asked = readAuthorizationRequest(state, query)
  // Managed login has no pages for a client until a branding style is assigned to it.
  if (state.pool.managed_login === 2 && !asked.client.branding) {
    throw new Refusal('branding_missing', html(403, unavailablePage()))
  }
  return asked
}

function signedInUser(state: State, username: string, password: string): User | undefined {
  const user = state.user(username) ?? state.pool.users.find(({ email }) => email !== undefined && email === username)
  return isSame(password, user?.password ?? '') && user !== undefined ? user : undefined
}
