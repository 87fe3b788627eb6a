import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import { localCognitoConfig } from '../../src/local-cognito/config.ts'
import { startLocalCognito } from '../../src/local-cognito/start.ts'

export const callback = 'http://localhost:8080/oauth/callback'
export const signedOut = 'http://localhost:8080/oauth/signed-out'
export const verifier = 'a-verifier-of-at-least-forty-three-characters-0123456789'
export const challenge = createHash('sha256').update(verifier).digest('base64url')

const clients = [
  {
    id: '1confidential',
    secrets: ['local-secret', 'next-secret'],
    callback_urls: [callback],
    logout_urls: [signedOut],
    scopes: ['openid', 'profile', 'email', 'phone', 'reports/read'],
  },
  { id: '1public', callback_urls: [callback], scopes: ['openid', 'email'] },
  { id: '1implicit', callback_urls: [callback], flows: ['implicit'], scopes: ['openid', 'email'] },
  {
    id: '1machine',
    secrets: ['machine-secret'],
    flows: ['client_credentials'],
    scopes: ['reports/read', 'reports/write'],
  },
]

const users = [
  {
    username: 'ada',
    password: 'Passw0rd!',
    email: 'ada@example.com',
    email_verified: true,
    groups: ['analysts'],
    attributes: { name: 'Ada Lovelace', phone_number: '+441234', phone_number_verified: false, 'custom:team': 7 },
  },
  { username: 'grace', password: 'Passw0rd!', email: 'grace@example.com' },
]

type Parameters = Readonly<Record<string, string | undefined>>

/** A running look-alike on free ports, ended with the test, and what a client and a browser do with it. */
export async function localCognito(t: Test, pool: object = {}, domainListen: object = {}) {
  const port = { port: 0 }
  const resource_servers = [
    { identifier: 'reports', scopes: ['read', 'write'] },
    { identifier: 'https://notes.example/mcp', scopes: ['read'] },
  ]
  const config = localCognitoConfig({
    domain: { ...port, ...domainListen },
    issuer: port,
    control: port,
    pool: { resource_servers, users, clients, ...pool },
  })
  const { domain, issuer, control, close } = await startLocalCognito(config)
  t.teardown(close)

  const request = (url: string, init: RequestInit = {}) => fetch(url, { redirect: 'manual', ...init })
  const authorizeQuery = (changes: Parameters = {}) =>
    form({ response_type: 'code', client_id: '1confidential', redirect_uri: callback, state: 's1', ...changes })

  const authorize = (changes: Parameters = {}, cookie = '') =>
    request(`${domain}/oauth2/authorize?${authorizeQuery(changes)}`, { headers: { cookie } })

  /** The sign-in page and its form, by plain HTTP. */
  const submitLogin = async (changes: Parameters = {}, username = 'ada', password = 'Passw0rd!') => {
    const url = `${domain}/login?${authorizeQuery(changes)}`
    const page = await request(url)
    const _csrf = /name="_csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
    const body = new URLSearchParams({ username, password, _csrf })
    return await request(url, { method: 'POST', headers: { cookie: cookies(page) }, body })
  }
  const signIn = async (changes: Parameters = {}, username = 'ada') => {
    const answer = await submitLogin(changes, username)
    return { code: new URL(location(answer)).searchParams.get('code') ?? '', cookie: cookies(answer) }
  }
  const post = (path: string, parameters: Parameters, credentials?: string) =>
    request(`${domain}${path}`, {
      method: 'POST',
      headers: credentials === undefined ? {} : { authorization: basic(credentials) },
      body: form(parameters),
    })
  const token = (parameters: Parameters, credentials?: string) => post('/oauth2/token', parameters, credentials)
  const redeem = async (code: string, changes: Parameters = {}, credentials = '1confidential:local-secret') =>
    await token({ grant_type: 'authorization_code', code, redirect_uri: callback, ...changes }, credentials)
  const refresh = (refresh_token: string, credentials = '1confidential:local-secret') =>
    token({ grant_type: 'refresh_token', refresh_token }, credentials)
  const tokens = async (changes: Parameters = {}, username = 'ada') => {
    const { code } = await signIn(changes, username)
    return (await (await redeem(code)).json()) as TokenAnswer
  }
  const userInfo = (access_token: string) =>
    request(`${domain}/oauth2/userInfo`, { headers: { authorization: `Bearer ${access_token}` } })

  const change = async (method: string, path: string, value?: unknown) => {
    const answer = await request(`${control}${path}`, {
      method,
      ...(value === undefined ? {} : { body: JSON.stringify(value) }),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const log = async () => (await change('GET', '/log')).body as unknown as Log

  return {
    domain,
    issuer,
    control,
    request,
    authorizeQuery,
    authorize,
    submitLogin,
    signIn,
    post,
    token,
    redeem,
    refresh,
    tokens,
    userInfo,
    change,
    log,
  }
}

export type LocalCognito = Awaited<ReturnType<typeof localCognito>>

interface TokenAnswer {
  readonly id_token?: string
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
}

interface Log {
  readonly requests: readonly Readonly<Record<string, unknown>>[]
  readonly counts: Readonly<Record<string, number>>
}

export function location(answer: Response): string {
  return answer.headers.get('location') ?? ''
}

/** What a browser would send back. */
export function cookies(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

export function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

export function form(parameters: Parameters): URLSearchParams {
  return new URLSearchParams(
    Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
