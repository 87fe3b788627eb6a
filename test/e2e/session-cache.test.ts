import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { type Answer, createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis.ts'
import { startGateway, startParts } from '../support/stack.ts'

interface PairOptions {
  /** Keys of `store`. */
  readonly store?: Record<string, unknown>
  /** The first replica may not publish: what it changes is told to nobody. */
  readonly muted?: boolean
}

/** Two replicas with one clock over one Redis, and somebody who is signed in and known to both. */
async function startPair(t: Test, { store = {}, muted = false }: PairOptions = {}) {
  const redis = await startRedis(t, { appendonly: true })
  const commands = new Redis(redis.url, { maxRetriesPerRequest: null })
  // It is killed on purpose.
  commands.on('error', () => {})
  t.teardown(() => commands.disconnect())
  await commands.call('ACL', 'SETUSER', 'muted', 'on', '>secret', '~*', '+@all', 'resetchannels')
  const mutedUrl = redis.url.replace('redis://', 'redis://muted:secret@')

  const encryption_keys = [randomBytes(32).toString('base64')]
  const config = { encryption_keys, log: { level: 'fatal' }, store: { url: redis.url, ...store } }
  const { origin, yaml, echo } = await startParts(t, { config })
  const clock = { ahead: 0 }
  const now = () => Date.now() + clock.ahead
  const listen = { host: '127.0.0.1', port: await freePort() }
  await startGateway(t, { ...yaml, store: { ...config.store, ...(muted && { url: mutedUrl }) } }, { now })
  await startGateway(t, { ...yaml, listen }, { now })

  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  const cookie = browser.cookies(origin).get('toolgate')?.value ?? ''
  const ask = (at: string) =>
    createBrowser().send(`${at}/tool`, { headers: { cookie: `toolgate=${cookie}`, host: new URL(origin).host } })
  const here = () => ask(origin)
  const there = () => ask(`http://127.0.0.1:${listen.port}`)
  t.match([await here(), await there(), await there()], [{ status: 200 }, { status: 200 }, { status: 200 }])

  const signOut = () => browser.send(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} })
  const refresh = () =>
    browser.send(`${origin}/oauth/connections/cognito/refresh`, { method: 'POST', headers: { origin }, form: {} })
  const commandStats = async () => statsIn(await commands.info('commandstats'))
  return { redis, commandStats, commands, clock, here, there, signOut, refresh, echo }
}

function statsIn(info: string): Readonly<Record<string, number>> {
  const lines = info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)
  return Object.fromEntries(Array.from(lines, ([, name, calls]) => [name, Number(calls)]))
}

/** Asks until the answer is as it should be, and says how long that took. Milliseconds. */
async function timeUntil(ask: () => Promise<Answer>, isRight: (answer: Answer) => boolean): Promise<number> {
  const start = performance.now()
  while (!isRight(await ask())) {
    if (performance.now() - start > 5_000) return Number.POSITIVE_INFINITY
    await setTimeout(5)
  }
  return performance.now() - start
}

t.test('with everything in its place', async (t) => {
  const { here, there, signOut, refresh, echo, commandStats } = await startPair(t)

  await t.test('1,000 requests of one session ask Redis nothing', async (t) => {
    const before = await commandStats()

    for (let i = 0; i < 1000; i += 50) await Promise.all(Array.from({ length: 50 }, here))

    const after = await commandStats()
    // By the clock each replica's subscription is pinged, the session confirmed from 5 s on, and the revocations looked at.
    const isExpected = (name: string, calls: number) => ['info', 'ping'].includes(name) || calls <= 10
    const asked = Object.entries(after).map(([name, calls]) => [name, calls - (before[name] ?? 0)] as const)
    t.strictSame(
      asked.filter(([name, calls]) => calls > 0 && !isExpected(name, calls)),
      [],
    )
  })

  await t.test('what one replica refreshes the other injects within 1 s', async (t) => {
    await there()
    const bearer = () => echo.received.at(-1)?.headers.authorization
    const old = bearer()

    t.equal((await refresh()).status, 302)
    const took = await timeUntil(there, () => bearer() !== old)

    t.ok(took < 1_000, `${Math.round(took)} ms`)
  })

  await t.test('a session that is signed out is refused here at once, and there within 1 s', async (t) => {
    await there()

    await signOut()
    t.equal((await here()).status, 401)
    const took = await timeUntil(there, ({ status }) => status === 401)

    t.ok(took < 1_000, `${Math.round(took)} ms`)
  })
})

t.test('signed out with the message lost: refused here at once, there 10 s after it was confirmed', async (t) => {
  const { here, there, signOut, clock } = await startPair(t, { muted: true })

  await signOut()
  t.equal((await here()).status, 401)
  await setTimeout(100)
  t.equal((await there()).status, 200, 'nobody told it')
  clock.ahead = 10_000

  t.equal((await there()).status, 401)
})

t.test('keys removed by hand are noticed in the background from 5 s on', async (t) => {
  const { there, clock, commands } = await startPair(t)
  await commands.flushdb()
  clock.ahead = 5_000

  t.equal((await there()).status, 200, 'nobody waits')
  const took = await timeUntil(there, ({ status }) => status === 401)

  t.ok(took < 1_000, `${Math.round(took)} ms`)
})

t.test('while Redis hangs or is away a session goes on for serve_cached_for, and is never lost', async (t) => {
  const { redis, there, clock } = await startPair(t, { store: { serve_cached_for: '2m' } })

  process.kill(redis.pid, 'SIGSTOP')
  clock.ahead = 11_000
  const start = performance.now()
  t.equal((await there()).status, 200)
  const took = performance.now() - start
  t.ok(took < 1_500, `it is waited for no longer than ${Math.round(took)} ms`)
  await redis.kill()
  for (const ahead of [15_000, 110_000]) {
    clock.ahead = ahead
    t.equal((await there()).status, 200, `after ${ahead} ms`)
  }
  clock.ahead = 120_000
  const waiting = await there()
  await redis.restart()

  t.equal(waiting.status, 503)
  t.match(waiting.headers['retry-after'], /^\d+$/)
  t.notOk(waiting.headers['set-cookie'])
  t.ok((await timeUntil(there, ({ status }) => status === 200)) < 5_000)
})
