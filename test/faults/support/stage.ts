import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { createBrowser } from '../../support/browser.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { type ConfigPatch, startParts } from '../../support/stack.ts'
import { createReplica, type Replica } from './replicas.ts'

/** Somebody who is signed in. */
export interface Person {
  readonly name: string
  readonly browser: ReturnType<typeof createBrowser>
}

/** Three replicas behind one public URL, Redis, a local Cognito with rotation on, and people. */
export type Stage = Awaited<ReturnType<typeof startStage>>

interface StageOptions {
  /** Keys of the gateways' config. */
  readonly config?: ConfigPatch
  readonly provider?: ConfigPatch
  readonly client?: ConfigPatch
  /** In the place of a single Redis server, which each replica reaches by a fault proxy of its own. */
  readonly storeUrl?: string
  readonly people?: number
}

/** An access token's life. Half of the people sign in half of it later, so that at any time half have good tokens. */
export const tokenLifeMs = 20 * 60_000

/** How long each fault lasts. Milliseconds. `npm run soak` asks for longer ones. */
export const faultMs = Number(process.env.FAULT_SECONDS ?? 2) * 1000

/** Starts everything and signs everybody in. All of it ends with the test. */
export async function startStage(t: Test, options: StageOptions = {}) {
  const { config = {}, provider = {}, client = {}, storeUrl, people: count = 50 } = options
  const names = Array.from({ length: count }, (_, index) => `person-${index}`)
  const redis: RedisServer | undefined = storeUrl === undefined ? await startRedis(t, { appendonly: true }) : undefined
  const parts = await startParts(t, {
    config: {
      encryption_keys: [randomBytes(32).toString('base64')],
      log: { level: 'info' },
      ...(storeUrl !== undefined && { store: { url: storeUrl } }),
      ...config,
    },
    provider: { timeout: '10s', max_rate: 1000, ...provider },
    client: { access_token: '20m', rotation: { enabled: true, grace: '60s' }, ...client },
  })
  const { control, origin, cognito, echo } = parts
  await control.client('1localpublic', { callback_urls: [`${origin}/oauth/callback/crm`] })
  await control.pool({
    users: names.map((username) => {
      const email = `${username}@example.com`
      return { username, password: 'Passw0rd!', email, email_verified: true, groups: ['analysts'] }
    }),
  })

  const upstream = echo.url
  const crm = { type: 'cognito', domain: cognito.domain, issuer: cognito.issuer, client_id: '1localpublic' }
  const yaml = {
    ...parts.yaml,
    providers: { ...parts.yaml.providers, crm },
    routes: [
      ...parts.yaml.routes,
      { name: 'reports', path: '/reports', upstream, scopes: ['reports/read'] },
      { name: 'contacts', path: '/contacts', upstream, provider: 'crm' },
      { name: 'figures', path: '/figures', upstream, provider: 'crm', scopes: ['reports/read'] },
    ],
  }
  const replicas = await Promise.all(
    Array.from({ length: 3 }, () =>
      createReplica(t, { yaml, tokenEndpoint: `${cognito.domain}/oauth2/token`, redisPort: redis?.port }),
    ),
  )
  await Promise.all(replicas.map((replica) => replica.start()))

  let [ahead, skew] = [0, 0]
  /** Moves the clocks of all replicas and of the provider. Milliseconds. */
  async function advance(ms: number): Promise<void> {
    ahead += ms
    await Promise.all([control.clock(`${ahead + skew}ms`), ...replicas.map((replica) => replica.setClock(ahead))])
  }

  /** A browser whose requests for the public URL go to one replica. */
  const browserAt = (replica: Replica) => createBrowser((url) => (url.startsWith(origin) ? replica.pool : undefined))

  async function signIn(name: string, replica: Replica): Promise<Person> {
    const browser = browserAt(replica)
    const { status, url } = await browser.signIn(`${origin}/tool`, name)
    if (status !== 200) throw new Error(`${name} could not sign in: ${status} at ${url}`)
    return { name, browser }
  }
  const signInFrom = (first: number, end: number) =>
    Promise.all(names.slice(first, end).map((name, at) => signIn(name, replicas[(first + at) % 3] as Replica)))
  const half = Math.floor(count / 2)
  const early = await signInFrom(0, half)
  await advance(tokenLifeMs / 2)
  const people = [...early, ...(await signInFrom(half, count))]

  return {
    ...parts,
    redis: redis as RedisServer,
    replicas: replicas as [Replica, Replica, Replica],
    people,
    browserAt,
    signIn,
    advance,
    /** Sets how far the provider's clock is ahead of the replicas'. Milliseconds. */
    skewProvider(ms: number) {
      skew = ms
      return advance(0)
    },
    /** What the provider takes for the time. */
    now: () => Date.now() + ahead + skew,
    /** How often the token endpoint was called so far. */
    tokenCalls: async () => (await control.log()).counts.token,
  }
}
