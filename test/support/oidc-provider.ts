import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import type { Test } from 'tap'
import type { Answer, createBrowser } from './browser.ts'

interface OidcProviderOptions {
  /** Where the gateway listens. */
  readonly origin: string
  /** The name it has in the gateway's config; the first one has the callback without a name. */
  readonly callback?: string
  readonly port?: number
  /** More of the client, as scope: what it may ask for. */
  readonly client?: object
}

const credentials = { client_id: 'toolgate', client_secret: 'a secret: with %reserved+ characters/' }

/** How long an access token lives. Seconds. */
export const accessTokenSeconds = 10

/**
 * A certified OpenID provider that nobody here wrote, at http://127.0.0.1:PORT. Refresh tokens rotate, access tokens
 * are short, and claims are at the user info endpoint only. Every name is an account, with any password.
 */
export async function startOidcProvider(
  t: Test,
  { origin, callback = '/callback', port = 0, client }: OidcProviderOptions,
) {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = quietly(() => new Provider(issuer, configuration(origin, callback, client)))
  const requests: string[] = []
  server.on('request', (request) => requests.push(`${request.method} ${request.url?.split('?')[0]}`))
  server.on('request', provider.callback())

  return {
    issuer,
    /** Method and path of all that was asked. */
    requests,
    /** Whether an access token that it gave is still good. */
    isGood: async (accessToken: string) => (await provider.AccessToken.find(accessToken)) !== undefined,
    /** Ends all that came with an access token, as a person may do there. */
    revoke: async (accessToken: string) => {
      const { client_id: id, client_secret: secret } = credentials
      const basic = Buffer.from([id, secret].map(encodeURIComponent).join(':')).toString('base64')
      const body = new URLSearchParams({ token: accessToken })
      await fetch(`${issuer}/token/revocation`, { method: 'POST', headers: { authorization: `Basic ${basic}` }, body })
    },
    /** Keys of the gateway's config for it. */
    config: {
      type: 'oidc',
      issuer,
      ...credentials,
      scopes: ['openid', 'profile', 'email', 'groups'],
    },
  }
}

function configuration(origin: string, callback: string, client: object = {}) {
  return {
    clients: [
      {
        ...credentials,
        redirect_uris: [`${origin}/oauth${callback}`],
        post_logout_redirect_uris: [`${origin}/oauth/signed-out`],
        grant_types: ['authorization_code', 'refresh_token'],
        ...client,
      },
    ],
    scopes: ['openid', 'offline_access', 'reports/read', 'reports/write'],
    claims: { profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
    findAccount: (_context: unknown, name: string) => ({
      accountId: name,
      claims: () => ({
        sub: name,
        name: `${name} of the provider`,
        email: `${name}@example.com`,
        email_verified: true,
        groups: ['analysts'],
      }),
    }),
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: {
      AccessToken: accessTokenSeconds,
      IdToken: 3600,
      Grant: 3600,
      Interaction: 3600,
      RefreshToken: 3600,
      Session: 3600,
    },
    // By itself it asks nobody on this machine.
    fetch: (url: URL, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown }) => fetch(url, options),
    cookies: { keys: ['a key of the test'] },
    features: {
      revocation: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: { enabled: true, logoutSource },
      backchannelLogout: { enabled: true },
    },
  }
}

/** Its page that asks whether to sign out. */
function logoutSource(context: { body: string }, form: string): void {
  context.body = `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`
}

/** It says at length that it is set up for a test. */
function quietly<T>(make: () => T): T {
  const { info, warn } = console
  Object.assign(console, { info: () => {}, warn: () => {} })
  try {
    return make()
  } finally {
    Object.assign(console, { info, warn })
  }
}

/** Fills in the pages of oidc-provider, for whoever signs in and agrees, until there is one of somebody else, or `stop`. */
export async function passOidcProvider(
  browser: ReturnType<typeof createBrowser>,
  page: Answer,
  login = 'ada',
  stop?: (location: string) => boolean,
): Promise<Answer> {
  const prompt = /name="prompt" value="(login|consent)"/.exec(page.body)?.[1]
  const action = /action="([^"]*)"/.exec(page.body)?.[1]
  if (prompt === undefined || action === undefined) return page
  const form = prompt === 'login' ? { prompt, login, password: 'any' } : { prompt }
  const answer = await browser.load(action, { method: 'POST', form })
  return passOidcProvider(browser, await browser.open(new URL(answer.location ?? '', action).href, stop), login, stop)
}
