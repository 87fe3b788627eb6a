import { createHash } from 'node:crypto'
import { request } from 'undici'
import { type Answer, createBrowser } from './browser.ts'

/** What an MCP client knows of itself. */
export interface TestClient {
  readonly client_id: string
  readonly client_secret?: string
  readonly redirect_uri: string
}

/** Tokens as the token endpoint gives them. */
export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
  readonly token_type: string
  readonly scope: string
}

export const verifier = 'v'.repeat(43)
const challenge = createHash('sha256').update(verifier).digest('base64url')

/** Where a client sends its user; `undefined` leaves a parameter out. */
export function authorizeUrl(
  origin: string,
  { client_id, redirect_uri }: TestClient,
  changes: Readonly<Record<string, string | undefined>> = {},
): string {
  const parameters = {
    ...{ response_type: 'code', client_id, redirect_uri, state: 'st', scope: 'reports/read' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256', resource: `${origin}/mcp` },
    ...changes,
  }
  const known = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return `${origin}/oauth/authorize?${new URLSearchParams(known)}`
}

/** A client that registers by itself. */
export async function register(origin: string, metadata: Readonly<Record<string, unknown>> = {}): Promise<TestClient> {
  const redirect_uri = 'https://app.test/callback'
  const body = { client_name: 'An app', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none', ...metadata }
  const response = await fetch(`${origin}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const registered = (await response.json()) as TestClient & { redirect_uris: string[] }
  if (response.status !== 201) throw new Error(JSON.stringify(registered))
  return { ...registered, redirect_uri: registered.redirect_uris[0] ?? '' }
}

/** One POST of a form, without cookies. */
export async function post(url: string, form: Readonly<Record<string, string>>, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers })
  const text = await response.text()
  const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined
  return { status: response.status, headers: response.headers, json }
}

/** What a consent page would send, with this decision. */
export function answerTo(page: Answer, decision: 'allow' | 'deny'): { url: string; form: Record<string, string> } {
  const text = (pattern: RegExp) => (pattern.exec(page.body)?.[1] ?? '').replaceAll('&amp;', '&')
  const url = new URL(text(/<form id="answer" class="actions" method="post" action="([^"]*)"/), page.url).href
  return { url, form: { shown: text(/name="shown" value="([^"]*)"/), decision } }
}

/** A person in front of consent pages: answers them, and signs in when asked. */
export function createPerson(username = 'ada', browser = createBrowser()) {
  const sameOrigin = { 'sec-fetch-site': 'same-origin' }

  /** Presses a button, and goes no further. */
  function press(page: Answer, decision: 'allow' | 'deny'): Promise<Answer> {
    const { url, form } = answerTo(page, decision)
    const { origin } = new URL(url)
    return browser.load(url, { method: 'POST', form, headers: { ...sameOrigin, origin } })
  }

  /** Where the answer leads: the client's address, once. */
  async function decide(page: Answer, decision: 'allow' | 'deny' = 'allow'): Promise<URL> {
    return follow(await press(page, decision))
  }

  /** Follows redirects up to the one that leaves the machine, and signs in on the way. */
  async function follow(answer: Answer): Promise<URL> {
    const at = answer.location === undefined ? undefined : new URL(answer.location, answer.url)
    if (at === undefined) {
      if (!answer.body.includes('name="password"')) throw new Error(`stuck at ${answer.url}: ${answer.body}`)
      const csrf = /name="_csrf" value="([^"]*)"/.exec(answer.body)?.[1] ?? ''
      const form = { _csrf: csrf, username, password: 'Passw0rd!' }
      return follow(await browser.load(answer.url, { method: 'POST', form }))
    }
    if (!/(^|\.)localhost$|^127\.0\.0\.1$/.test(at.hostname)) return at
    return at.searchParams.has('iss') && at.searchParams.has('state') && at.pathname !== '/oauth/callback'
      ? at
      : follow(await browser.load(at.href))
  }

  return { browser, press, decide, follow, open: (url: string) => browser.load(url) }
}

/** Exchanges a code. */
export function exchange(
  origin: string,
  client: TestClient,
  code: string,
  changes: Readonly<Record<string, string>> = {},
) {
  const { client_id, client_secret, redirect_uri } = client
  const form = { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier, client_id, ...changes }
  return post(`${origin}/oauth/token`, { ...form, ...(client_secret && { client_secret }) })
}

/** Uses a refresh token. */
export function refresh(
  origin: string,
  client: TestClient,
  token: string,
  changes: Readonly<Record<string, string>> = {},
) {
  const form = { grant_type: 'refresh_token', refresh_token: token, client_id: client.client_id, ...changes }
  return post(`${origin}/oauth/token`, form)
}

/** The whole way, up to tokens. */
export async function connect(
  origin: string,
  client: TestClient,
  person = createPerson(),
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Tokens> {
  const page = await person.open(authorizeUrl(origin, client, changes))
  const back = page.location === undefined ? await person.decide(page) : new URL(page.location)
  const { json } = await exchange(origin, client, back.searchParams.get('code') ?? '')
  return json as Tokens
}

/** Sends a JSON-RPC message, or a text as it is, to the MCP server. */
export async function sendMessage(
  origin: string,
  message: object | string,
  headers: Record<string, string> = {},
  path = '/mcp',
) {
  const body = typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', id: 1, ...message })
  const response = await request(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  const text = await response.body.text()
  const json = String(response.headers['content-type']).includes('json') ? JSON.parse(text) : undefined
  return { status: response.statusCode, headers: response.headers, json }
}

/** Calls a tool of the MCP server. */
export function callTool(origin: string, token?: string, name = 'whoami', headers: Record<string, string> = {}) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return sendMessage(origin, { method: 'tools/call', params: { name } }, { ...authorization, ...headers })
}
