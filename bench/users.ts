// Many users in one Redis, stored by the gateway's own code: what they take, and how fast they are read and refreshed.
// `npm run bench:users -- --users 1000000` runs it; docs/operations/scale.md has the figures and what follows of them.
import { randomBytes, randomInt } from 'node:crypto'
import { cpuUsage } from 'node:process'
import { parseArgs } from 'node:util'
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

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '20000' },
    minutes: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '5' },
  },
})
/** So many sign in, or as many as can in the minutes. Each other thing is then done for the seconds. */
const [most, minutes, seconds] = [Number(values.users), Number(values.minutes), Number(values.seconds)]
if (!(most > 0 && minutes > 0 && seconds > 0)) throw new Error('--users, --minutes and --seconds must be above zero')

const run = createRun()
try {
  await measure()
} finally {
  await run.end()
}

async function measure(): Promise<void> {
  const server = await startRedis(run)
  const redis = new Redis(server.url)
  run.teardown(() => redis.disconnect())
  const { records, locks, addresses } = createRedisStore({ url: server.url, keyPrefix: 'tg:' })
  run.teardown(() => records.close())
  const sealed = { records, keyring: createKeyring([randomBytes(32)]), now: Date.now }
  const look = createEmailLookUp({ ...sealed, addresses, providers: cognito, sessionMs: absoluteMs })
  const store = look.noting(createUserStore({ ...sealed, lifetimes: { idleMs: 12 * hour, absoluteMs } }))

  const cookies: string[] = []
  const before = await infoOf(redis)
  const loading = await timed(redis, { times: most, ms: minutes * 60_000 }, async (at) => {
    const sub = crypto.randomUUID()
    const user = await store.userHash(provider, sub)
    const [{ cookie }] = await Promise.all([
      store.createSession(user, { provider, sub, browser: 'Firefox on Linux' }),
      store.writeTokens(user, provider, tokensOf(sub), { new: true }),
    ])
    cookies.push(cookie)
    if (at % 50_000 === 49_999) console.error(`${at + 1} users`)
  })
  const after = await infoOf(redis)
  const count = cookies.length
  const anyCookie = () => cookies[randomInt(cookies.length)] ?? ''

  const reading = await timed(redis, { times: Number.POSITIVE_INFINITY, ms: seconds * 1000 }, async () => {
    if ((await store.readSession(anyCookie(), [provider]))?.tokens.size !== 1) throw new Error('a session is missing')
  })
  const refreshing = await timed(redis, { times: Number.POSITIVE_INFINITY, ms: seconds * 1000 }, async () => {
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

/** On a machine that does other things, too, Redis may take a second. */
function unlessAway(error: unknown): false {
  if (isStoreAway(error)) return false
  throw error
}

/** Does something so many times, or for so long. */
async function timed(
  redis: Redis,
  limit: { times: number; ms: number },
  act: (at: number) => Promise<void>,
): Promise<Timed> {
  const latencies: number[] = []
  const [cpu, own, start] = [await infoOf(redis), cpuUsage(), performance.now()]
  let next = 0
  let late = 0
  async function worker(): Promise<void> {
    while (next < limit.times && performance.now() - start < limit.ms) {
      const at = next++
      const since = performance.now()
      while (!(await act(at).then(() => true, unlessAway))) late += 1
      latencies.push(performance.now() - since)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const elapsed = (performance.now() - start) / 1000
  if (late > 0) console.error(`${late} were not answered within a second, and asked for again`)
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
