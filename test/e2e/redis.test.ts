import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'
import { startRedis, storedEntries } from '../support/redis.ts'
import { startGateway, startParts } from '../support/stack.ts'

const key = randomBytes(32)

/** Config of replicas that share a Redis; each has ports of its own. */
async function startShared(t: Test) {
  const redis = await startRedis(t)
  const parts = await startParts(t, {
    config: { store: { url: redis.url }, encryption_keys: [key.toString('base64')], log: { level: 'info' } },
  })
  const replica = async () => {
    const [port, adminPort] = [await freePort(), await freePort()]
    return { ...parts.yaml, listen: { host: '127.0.0.1', port }, admin: { host: '127.0.0.1', port: adminPort } }
  }
  const config = { ...(await replica()), listen: parts.yaml.listen }
  return { ...parts, redis, config, replica }
}

t.test('killed and started again, and on a second replica: the same cookie works without a new sign-in', async (t) => {
  const { origin, config, control, replica } = await startShared(t)
  const gateway = await startGatewayProcess(t, config)
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  const { counts: before } = await control.log()

  await gateway.end('SIGKILL')
  await startGatewayProcess(t, config)
  const second = await replica()
  await startGatewayProcess(t, second)
  const here = await browser.load(`${origin}/tool`)
  const cookie = `toolgate=${browser.cookies(origin).get('toolgate')?.value}`
  const there = await createBrowser().load(`http://127.0.0.1:${second.listen.port}/tool`, {
    headers: { cookie, host: new URL(origin).host },
  })

  for (const { status, body } of [here, there]) {
    t.equal(status, 200)
    t.match(JSON.parse(body).headers, { authorization: /^Bearer eyJ/, 'x-forwarded-email': 'ada@example.com' })
  }
  t.strictSame((await control.log()).counts, before, 'nobody asked the provider for anything')
})

t.test('Redis holds nothing in clear, every key ends by itself, and the index leads to all of a user', async (t) => {
  const { origin, config, redis, echo } = await startShared(t)
  await startGatewayProcess(t, config)
  const [ada, grace] = [createBrowser(), createBrowser()]
  await ada.signIn(`${origin}/tool`)
  await grace.signIn(`${origin}/tool`, 'grace')
  const gone = createBrowser()
  await gone.signIn(`${origin}/tool`)
  await gone.send(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} })
  const { sub } = JSON.parse((await ada.send(`${origin}/oauth/me`)).body)
  const cookie = ada.cookies(origin).get('toolgate')?.value ?? ''

  const entries = await storedEntries(redis.url)

  const everything = entries.map(({ name, value }) => `${name}\n${value}`).join('\n')
  const tokens = echo.received.map(({ headers }) => String(headers.authorization).replace('Bearer ', ''))
  const secrets = [
    ...tokens,
    cookie,
    cookie.split('.')[1] ?? '',
    sub,
    'ada@example.com',
    'Lovelace',
    'grace',
    'eyJraWQi',
    'eyJhbGci',
  ]
  for (const secret of secrets) {
    t.notMatch(everything, secret)
    t.notMatch(everything, Buffer.from(secret).toString('base64url'))
  }
  for (const { name, ttl } of entries) t.ok(ttl > 0, `${name} ends in ${ttl} ms`)

  const hash = createKeyring([key]).digests('user', `cognito:${sub}`)[0].slice(0, 22)
  const ofAda = entries.filter(({ name }) => name.startsWith(`tg:{${hash}}:`))
  const index = ofAda.find(({ name }) => name === `tg:{${hash}}:u`)?.value.split('\n') ?? []
  const live = ofAda.filter(({ value }) => value.startsWith('1 live ')).map(({ name }) => name)
  t.strictSame(index.map((name) => `tg:{${hash}}:${name}`).sort(), live.sort())
  t.match(index.sort(), [/^s:[\w-]{43}$/, 't:cognito'])
  t.equal(cookie.split('.')[0], hash)
  t.equal(ofAda.length, 4, 'a session, a token set, the index and the tombstone of the session that was signed out')
})

t.test('a store that is away is one line in the log, however many requests meet it', async (t) => {
  const { origin, config, redis } = await startShared(t)
  const errors: string[] = []
  await startGateway(t, config, { log: (line) => void (JSON.parse(line).level >= 50 && errors.push(line)) })
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  await redis.stop()

  for (let i = 0; i < 5; i++) await browser.send(`${origin}/oauth/connections`)

  t.equal(errors.length, 1)
  t.match(errors[0], 'store is away')
})
