import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'
import { startRedis } from '../support/redis.ts'
import { startGateway, startParts } from '../support/stack.ts'

const redis = await startRedis(t)
const parts = await startParts(t, {
  config: {
    store: { url: redis.url },
    encryption_keys: [randomBytes(32).toString('base64')],
    log: { level: 'fatal' },
  },
})
const { origin, yaml, control } = parts
const stored = new Redis(redis.url)
t.teardown(() => stored.disconnect())

/** The refresh tokens that the provider was asked to revoke, and did. */
const revocations = async () =>
  (await control.log()).requests.filter(({ endpoint, status }) => endpoint === 'revoke' && status === 200).length

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(50)
}

t.test(
  'a process ends a session while the provider is away and is killed; another revokes when it is back',
  async (t) => {
    const first = await startGatewayProcess(t, yaml)
    const browser = createBrowser()
    await browser.signIn(`${origin}/tool`)
    await control.fault({ endpoint: 'revoke', hang: true })

    const answer = await browser.load(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin } })
    await first.end('SIGKILL')

    t.equal(answer.status, 302, 'nobody waits for the provider')
    const [user = ''] = await stored.zrange('tg:revocations', '0', '-1')
    t.equal((await stored.keys(`tg:{${user}}:r:cognito:*`)).length, 1)
    t.match(await stored.get(`tg:{${user}}:t:cognito`), /^1 ended /)

    await control.heal()
    const other = { host: '127.0.0.1', port: await freePort() }
    await startGateway(t, { ...yaml, listen: other }, { revokeMs: 50 })
    // The turn of the process that was killed is over.
    await stored.zadd('tg:revocations', 0, user)
    await until(async () => (await stored.exists('tg:revocations')) === 0)

    t.equal(await revocations(), 1)
    t.strictSame(await stored.keys(`tg:{${user}}:r:*`), [])
  },
)
