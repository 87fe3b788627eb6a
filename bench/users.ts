// Many users in one Redis, stored by the gateway's own code: what they take, and how fast they are read and refreshed.
// `npm run bench:users -- --users 1000000` runs it; docs/operations/scale.md has the figures and what follows of them.
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { cpuUsage } from 'node:process'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Redis } from 'ioredis'
import { createKeyring } from '../src/adapters/keyring.ts'
import { createRedisStore } from '../src/adapters/redis/store.ts'
import { createEmailLookUp } from '../src/core/email-look-up.ts'
import { isStoreAway } from '../src/core/errors.ts'
import type { Provider } from '../src/core/provider.ts'
import { refreshMark, type TokenSet } from '../src/core/token-set.ts'
import { createUserStore } from '../src/core/user-store.ts'
import { startRedis } from '../test/support/redis.ts'
import { createRun } from './ending.ts'
import { figure, table } from './report.ts'

const provider = 'cognito'
const hour = 3_600_000
const absoluteMs = 720 * hour
/** As much of the provider as finding users by address asks for. */
const cognito = new Map([
  [
    provider,
    {
      claimNames: { user: 'sub', email: 'email', name: 'name', groups: 'cognito:groups' },
      trustUnverifiedEmail: false,
    } as unknown as Provider,
  ],
])
/** How many are asked for at a time; about what a busy gateway has under way. */
const atOnce = 64
/** Signing everybody in is the long part: as many at a time as one connection takes well. */
const signInsAtOnce = 100

const { values } = parseArgs({
  options: { users: { type: 'string', default: '20000' }, seconds: { type: 'string', default: '5' } },
})
const [count, seconds] = [Number(values.users), Number(values.seconds)]
if (!(count > 0 && seconds > 0)) throw new Error('--users N and --seconds N must be above zero')

/** Several threads sign everybody in, each over a connection of its own. */
const threads = 4

const run = createRun()
try {
  if (isMainThread) await measure()
  else await signIn(workerData)
} finally {
  await run.end()
}

interface Part {
  readonly url: string
  readonly key: Uint8Array
  readonly users: number
}

/** The gateway's store, with the index of addresses. */
function openStore({ url, key }: Pick<Part, 'url' | 'key'>) {
  const { records, locks, addresses } = createRedisStore({ url, keyPrefix: 'tg:' })
  run.teardown(() => records.close())
  const sealed = { records, keyring: createKeyring([key]), now: Date.now }
  const look = createEmailLookUp({ ...sealed, addresses, providers: cognito, sessionMs: absoluteMs })
  return { store: look.noting(createUserStore({ ...sealed, lifetimes: { idleMs: 12 * hour, absoluteMs } })), locks }
}

/** What one thread does; it tells the main one what came of it. */
async function signIn({ users, ...place }: Part): Promise<void> {
  const { store } = openStore(place)
  const cookies: string[] = []
  const latencies = await atATime({ times: users, atOnce: signInsAtOnce }, async () => {
    const sub = crypto.randomUUID()
    const user = await store.userHash(provider, sub)
    const [{ cookie }] = await Promise.all([
      store.createSession(user, { provider, sub, browser: 'Firefox on Linux' }),
      store.writeTokens(user, provider, tokensOf(sub), { new: true }),
    ])
    cookies.push(cookie)
    if (cookies.length % 25_000 === 0) console.error(`${cookies.length} users of ${users}`)
  })
  parentPort?.postMessage({ cookies, latencies })
}

/** Gives the cookies of all, and how long each sign-in took. */
async function signInAll(place: Pick<Part, 'url' | 'key'>) {
  const parts = Array.from({ length: threads }, async () => {
    const workerData: Part = { ...place, users: Math.ceil(count / threads) }
    const [part] = await once(
      new Worker(new URL(import.meta.url), { workerData, argv: process.argv.slice(2) }),
      'message',
    )
    return part as { readonly cookies: readonly string[]; readonly latencies: readonly number[] }
  })
  const all = await Promise.all(parts)
  return { cookies: all.flatMap(({ cookies }) => cookies), latencies: all.flatMap(({ latencies }) => latencies) }
}

async function measure(): Promise<void> {
  const server = await startRedis(run)
  const redis = new Redis(server.url)
  run.teardown(() => redis.disconnect())
  const place = { url: server.url, key: randomBytes(32) }
  const before = await infoOf(redis)
  let cookies: readonly string[] = []
  const loading = await timed(redis, async () => {
    const all = await signInAll(place)
    cookies = all.cookies
    return all.latencies
  })
  const after = await infoOf(redis)
  const { store, locks } = openStore(place)
  const anyCookie = () => cookies[randomInt(cookies.length)] ?? ''

  const reading = await timedFor(redis, async () => {
    if ((await store.readSession(anyCookie(), [provider]))?.tokens.size !== 1) throw new Error('a session is missing')
  })
  const refreshing = await timedFor(redis, async () => {
    const [user = ''] = anyCookie().split('.')
    const lock = await locks.acquire(user, provider, 5_000)
    const held = await store.readTokens(user, provider)
    if (held === undefined) throw new Error('a token set is missing')
    const next = { ...held.set, accessToken: jwtOf(700), obtainedAt: Date.now() }
    const written = await store.writeTokens(user, provider, next, { mark: refreshMark(held.set) })
    await lock?.release()
    if (written === undefined) throw new Error('a token set was not written')
  })

  const bytes = (name: string) => ((after[name] ?? 0) - (before[name] ?? 0)) / count
  console.log(`${count} users, Redis ${(await redis.info()).match(/redis_version:(\S+)/)?.[1]}\n`)
  console.log(
    table(
      ['memory', 'bytes per user'],
      [
        ['keys and values (`used_memory_dataset`)', figure(bytes('used_memory_dataset'))],
        ['all that Redis has (`used_memory`)', figure(bytes('used_memory'))],
        ['of the machine (`used_memory_rss`)', figure(bytes('used_memory_rss'))],
        ['keys', figure((await redis.dbsize()) / count, 2)],
      ],
    ),
  )
  console.log()
  console.log(
    table(
      ['what', 'a second', 'µs of CPU in Redis', 'µs of CPU in the gateway', 'p50 ms', 'p99 ms'],
      [
        ['sign-ins', ...rates(loading)],
        ['look-ups', ...rates(reading)],
        ['refreshes', ...rates(refreshing)],
      ],
    ),
  )
}

interface Timed {
  readonly done: number
  readonly seconds: number
  readonly redisSeconds: number
  readonly ownSeconds: number
  /** Milliseconds, sorted. */
  readonly latencies: Float64Array
}

type Limit = { readonly atOnce: number } & ({ readonly times: number } | { readonly ms: number })

/** On a machine that does other things, too, Redis may take a second. */
function unlessAway(error: unknown): false {
  if (isStoreAway(error)) return false
  throw error
}

/** Does something so many times, or for so long. Gives how long each took, in milliseconds. */
async function atATime(limit: Limit, act: () => Promise<void>): Promise<readonly number[]> {
  const latencies: number[] = []
  const start = performance.now()
  let next = 0
  let late = 0
  async function worker(): Promise<void> {
    while ('times' in limit ? next < limit.times : performance.now() - start < limit.ms) {
      next += 1
      const since = performance.now()
      while (!(await act().then(() => true, unlessAway))) late += 1
      latencies.push(performance.now() - since)
    }
  }
  await Promise.all(Array.from({ length: limit.atOnce }, worker))
  if (late > 0) console.error(`${late} were not answered within a second, and asked for again`)
  return latencies
}

function timedFor(redis: Redis, act: () => Promise<void>): Promise<Timed> {
  return timed(redis, () => atATime({ ms: seconds * 1000, atOnce }, act))
}

/** What something costs Redis and us. */
async function timed(redis: Redis, act: () => Promise<readonly number[]>): Promise<Timed> {
  const [cpu, own, start] = [await infoOf(redis), cpuUsage(), performance.now()]
  const latencies = await act()
  const elapsed = (performance.now() - start) / 1000
  const { user, system } = cpuUsage(own)
  const used = await infoOf(redis)
  const spent = (name: string) => (used[name] ?? 0) - (cpu[name] ?? 0)
  return {
    done: latencies.length,
    seconds: elapsed,
    redisSeconds: spent('used_cpu_user') + spent('used_cpu_sys'),
    ownSeconds: (user + system) / 1e6,
    latencies: Float64Array.from(latencies).sort(),
  }
}

function rates({ done, seconds, redisSeconds, ownSeconds, latencies }: Timed): readonly string[] {
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
  return [
    figure(done / seconds),
    figure((redisSeconds / done) * 1e6, 1),
    figure((ownSeconds / done) * 1e6, 1),
    figure(at(0.5), 1),
    figure(at(0.99), 1),
  ]
}

async function infoOf(redis: Redis): Promise<Readonly<Record<string, number>>> {
  const lines = (await redis.info()).matchAll(/^(\w+):([\d.]+)\r?$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
}

/** What Cognito gives, in its sizes: an access token of 1.0 KB, an ID token of 1.2 KB, a refresh token of 1.8 KB. */
function tokensOf(sub: string): TokenSet {
  const now = Date.now()
  const email = `user-${sub}@example.com`
  return {
    accessToken: jwtOf(700),
    refreshToken: randomBytes(1330).toString('base64url'),
    idToken: jwtOf(850),
    scopes: ['openid', 'profile', 'email', 'reports/read'],
    claims: {
      sub,
      email,
      email_verified: true,
      name: 'Ada Lovelace',
      'cognito:username': sub,
      'cognito:groups': ['analysts', 'tool-owners'],
      iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI',
      aud: '1example23456789',
      token_use: 'id',
      auth_time: Math.floor(now / 1000),
      exp: Math.floor(now / 1000) + 3600,
    },
    claimsAt: now,
    client: randomBytes(32).toString('base64url'),
    obtainedAt: now,
    expiresAt: now + hour,
    endsAt: now + absoluteMs,
  }
}

/** Nobody looks into it here. A third more characters than bytes. */
function jwtOf(bytes: number): string {
  return `eyJ${randomBytes(bytes).toString('base64url')}`
}
