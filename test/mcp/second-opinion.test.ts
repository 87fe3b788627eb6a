// The same requests to our authorization server and to oidc-provider, which is certified and nobody here wrote. Where
// the two differ the row says why.
import t, { type Test } from 'tap'
import { createBrowser } from '../support/browser.ts'
import { passOidcProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { startNotes } from './support/notes.ts'
import { createOAuth } from './support/oauth.ts'
import { createPerson } from './support/person.ts'

type Changes = Readonly<Record<string, string | undefined>>

interface Opinion {
  readonly error: string
  readonly status: number
  /** Whether the client hears of it by a redirect. */
  readonly isRedirect?: boolean
}

/** An authorization server, as a client sees it. */
interface Server {
  readonly ask: (parameters: Record<string, string>) => Promise<Opinion>
  readonly tell: (form: Record<string, string>) => Promise<Opinion>
  /** A code that a person allowed, and the verifier that belongs to it. */
  readonly code: () => Promise<{ readonly code: string; readonly code_verifier: string }>
}

const redirect_uri = 'https://app.acme.io/callback'
const app = { client_id: 'app', client_name: 'The app', redirect_uris: [redirect_uri] }

interface Row {
  readonly name: string
  readonly change: Changes
  readonly error: string
  readonly status?: number
  readonly isRedirect?: boolean
  /** What oidc-provider says instead, and why we do not. */
  readonly theirs?: Partial<Opinion>
  readonly because?: string
}

const forPeople = 'of what the client must not hear a person reads: one word for all of it'

const authorization: readonly Row[] = [
  {
    name: 'an unknown client',
    change: { client_id: 'nobody' },
    error: 'client_refused',
    theirs: { error: 'invalid_client' },
    because: forPeople,
  },
  {
    name: 'no client',
    change: { client_id: undefined },
    error: 'client_refused',
    theirs: { error: 'invalid_request' },
    because: forPeople,
  },
  {
    name: 'a foreign redirect',
    change: { redirect_uri: 'https://evil.example/callback' },
    error: 'client_refused',
    theirs: { error: 'invalid_redirect_uri' },
    because: forPeople,
  },
  {
    name: 'a redirect with more to it',
    change: { redirect_uri: `${redirect_uri}?x=1` },
    error: 'client_refused',
    theirs: { error: 'invalid_redirect_uri' },
    because: forPeople,
  },
  { name: 'no response type', change: { response_type: undefined }, error: 'invalid_request', isRedirect: true },
  {
    name: 'the implicit flow',
    change: { response_type: 'token' },
    error: 'unsupported_response_type',
    isRedirect: true,
  },
  { name: 'no challenge', change: { code_challenge: undefined }, error: 'invalid_request', isRedirect: true },
  { name: 'a plain challenge', change: { code_challenge_method: 'plain' }, error: 'invalid_request', isRedirect: true },
  {
    name: 'a challenge without a method',
    change: { code_challenge_method: undefined },
    error: 'invalid_request',
    isRedirect: true,
  },
  { name: 'a challenge that is none', change: { code_challenge: 'short' }, error: 'invalid_request', isRedirect: true },
  {
    name: 'another resource',
    change: { resource: 'https://evil.example/mcp' },
    error: 'invalid_target',
    isRedirect: true,
  },
  { name: 'a resource that is no address', change: { resource: 'notes' }, error: 'invalid_target', isRedirect: true },
  { name: 'a request object', change: { request: 'e30.e30.' }, error: 'request_not_supported', isRedirect: true },
]

const atToken: readonly Row[] = [
  { name: 'no grant type', change: { grant_type: undefined }, error: 'invalid_request' },
  { name: 'another grant', change: { grant_type: 'password' }, error: 'unsupported_grant_type' },
  { name: 'no code', change: { code: undefined }, error: 'invalid_request' },
  { name: 'a code nobody gave', change: { code: 'guessed' }, error: 'invalid_grant' },
  {
    name: 'no verifier',
    change: { code_verifier: undefined },
    error: 'invalid_request',
    theirs: { error: 'invalid_grant' },
    because: 'what is missing makes the request invalid, as without a code (RFC 6749 5.2)',
  },
  { name: 'a wrong verifier', change: { code_verifier: 'x'.repeat(43) }, error: 'invalid_grant' },
  { name: 'another redirect', change: { redirect_uri: 'https://app.acme.io/other' }, error: 'invalid_grant' },
  { name: 'an unknown client', change: { client_id: 'nobody' }, error: 'invalid_client', status: 401 },
  {
    name: 'no client at all',
    change: { client_id: undefined },
    error: 'invalid_client',
    status: 401,
    theirs: { error: 'invalid_request', status: 400 },
    because: 'RFC 6749 5.2 names "no client authentication included" below invalid_client',
  },
  {
    name: 'a refresh token nobody gave',
    change: { grant_type: 'refresh_token', refresh_token: 'guessed' },
    error: 'invalid_grant',
  },
  { name: 'no refresh token', change: { grant_type: 'refresh_token' }, error: 'invalid_request' },
]

const servers = await startServers(t)

for (const { name, change, error, isRedirect = false, theirs = {}, because } of authorization) {
  t.test(`authorization endpoint: ${name}`, async (t) => {
    const { url } = createOAuth('https://any.acme.io').request({ client_id: 'app', redirect_uri })
    const parameters = changed(Object.fromEntries(new URL(url).searchParams), change)
    const expected = { error, isRedirect }

    const [ours, other] = await Promise.all([servers.ours.ask(parameters), servers.theirs.ask(parameters)])

    t.match(ours, expected, 'ours')
    t.match(other, { ...expected, ...theirs }, `theirs${because ? `, but ${because}` : ''}`)
  })
}

for (const { name, change, error, status = 400, theirs = {}, because } of atToken) {
  t.test(`token endpoint: ${name}`, async (t) => {
    const base = { grant_type: 'authorization_code', client_id: 'app', redirect_uri }
    const tell = async (server: Server) => server.tell(changed({ ...base, ...(await server.code()) }, change))
    const expected = { error, status }

    const [ours, other] = await Promise.all([tell(servers.ours), tell(servers.theirs)])

    t.match(ours, expected, 'ours')
    t.match(other, { ...expected, ...theirs }, `theirs${because ? `, but ${because}` : ''}`)
  })
}

function changed(parameters: Record<string, string>, change: Changes): Record<string, string> {
  const entries = Object.entries({ ...parameters, ...change })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

async function startServers(t: Test) {
  const { origin } = await startNotes(t, { config: { mcp: { clients: [app] } } })
  const client = { ...app, token_endpoint_auth_method: 'none', client_secret: undefined, application_type: 'native' }
  const { issuer } = await startOidcProvider(t, { origin: 'https://app.acme.io', client })
  const person = createPerson()
  const browser = createBrowser()
  const isBack = (location: string) => location.startsWith(redirect_uri)
  return {
    ours: serverAt(
      `${origin}/oauth/authorize`,
      `${origin}/oauth/token`,
      async (url) => (await person.answer(url)).location,
    ),
    theirs: serverAt(`${issuer}/auth`, `${issuer}/token`, async (plain) => {
      // Without a scope there is nothing to allow there.
      const url = `${plain}&scope=openid`
      const { location = '' } = await passOidcProvider(browser, await browser.open(url, isBack), 'ada', isBack)
      return new URL(location)
    }),
  }
}

function serverAt(authorize: string, token: string, allow: (url: string) => Promise<URL>): Server {
  const { origin, pathname } = new URL(authorize)
  return {
    ask: async (parameters) => {
      const response = await fetch(`${authorize}?${new URLSearchParams(parameters)}`, {
        redirect: 'manual',
        headers: { accept: 'application/json' },
      })
      const location = response.headers.get('location')
      if (location === null) return { ...(await errorIn(response)), isRedirect: false }
      // In the fragment, where the flow was to be implicit.
      const { searchParams, origin: to } = new URL(location.replace('#', '?'), authorize)
      return {
        status: response.status,
        error: searchParams.get('error') ?? '',
        isRedirect: to === 'https://app.acme.io',
      }
    },
    tell: async (form) => errorIn(await fetch(token, { method: 'POST', body: new URLSearchParams(form) })),
    code: async () => {
      const { url, verifier } = createOAuth(origin).request({ client_id: 'app', redirect_uri }, pathname)
      return { code: (await allow(url)).searchParams.get('code') ?? '', code_verifier: verifier }
    },
  }
}

/** What an answer says: as OAuth does, as a problem, or on a page of oidc-provider. */
async function errorIn(response: Response): Promise<Opinion> {
  const text = await response.text()
  const error = /"(?:error|code)":\s*"(\w+)"/.exec(text) ?? /<strong>error<\/strong>: (\w+)/.exec(text)
  return { status: response.status, error: error?.[1] ?? text }
}
