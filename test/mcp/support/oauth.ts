import { createHash, randomBytes } from 'node:crypto'
import type { Person } from './person.ts'

/** An answer in JSON. */
export interface JsonAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

type Form = Readonly<Record<string, string>>

/** Registers a client and has a person allow it. Gives its access token for the only MCP server of the host. */
export async function tokenOf(person: Person, origin: string): Promise<string> {
  const { register, grant } = createOAuth(origin)
  const redirect_uri = 'https://app.acme.io/callback'
  const { body } = await register({ redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' })
  const answer = await grant(person, { client_id: String(body.client_id), redirect_uri })
  return String(answer.body.access_token)
}

/** What clients do by hand at the authorization server of a host, with nothing of an SDK in the way. */
export function createOAuth(origin: string) {
  async function post(path: string, init: RequestInit): Promise<JsonAnswer> {
    const response = await fetch(origin + path, { method: 'POST', redirect: 'manual', ...init })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
  }

  const register = (metadata: object, path = '/oauth/register') =>
    post(path, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(metadata) })
  const token = (form: Form, headers: Form = {}, path = '/oauth/token') =>
    post(path, { headers, body: new URLSearchParams(form) })

  /** An authorization request with a PKCE challenge of its own, and the verifier. */
  function request(parameters: Form, path = '/oauth/authorize') {
    const verifier = randomBytes(32).toString('base64url')
    const url = new URL(path, origin)
    url.search = new URLSearchParams({
      response_type: 'code',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state: randomBytes(8).toString('hex'),
      ...parameters,
    }).toString()
    return { url: url.href, verifier }
  }

  /** Has a person allow a client, and gives what the token endpoint says to its code. */
  async function grant(
    person: Person,
    parameters: Form & { client_id: string; redirect_uri: string },
    more: Form = {},
  ) {
    const { url, verifier } = request(parameters)
    const { location } = await person.answer(url)
    const code = location.searchParams.get('code') ?? ''
    const { client_id, redirect_uri, resource } = parameters
    const form = { client_id, redirect_uri, ...(resource && { resource }), code_verifier: verifier, code, ...more }
    return token({ grant_type: 'authorization_code', ...form })
  }

  return { register, token, request, grant }
}
