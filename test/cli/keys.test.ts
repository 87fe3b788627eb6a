import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createRedisStore } from '../../src/adapters/redis/store.ts'
import { createIdentityKeys } from '../../src/core/identity-keys.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { createUserStore } from '../../src/core/user-store.ts'
import { heldTokens } from '../support/passage.ts'
import { startRedis } from '../support/redis.ts'
import { toolgate } from '../support/toolgate.ts'

const [old, next, lost] = [randomBytes(32), randomBytes(32), randomBytes(32)]
const hour = 3_600_000
const now = Date.now
const server = await startRedis(t)
const redis = new Redis(server.url)
t.teardown(() => redis.disconnect())
t.beforeEach(async () => void (await redis.flushall()))

const aSet: TokenSet = {
  ...heldTokens().set,
  claimsAt: now(),
  obtainedAt: now(),
  expiresAt: now() + hour,
  endsAt: now() + 24 * hour,
}

/** What a gateway with these keys stores and reads. */
function gatewayWith(t: Test, keyPrefix: string, ...keys: readonly Buffer[]) {
  const { records } = createRedisStore({ url: server.url, keyPrefix })
  t.teardown(() => records.close())
  const sealed = { records, keyring: createKeyring(keys), now }
  const store = createUserStore({ ...sealed, lifetimes: { idleMs: hour, absoluteMs: 24 * hour } })
  return { records, store, identityKeys: createIdentityKeys(sealed) }
}

function configIn(t: Test, keyPrefix: string, keys: readonly Buffer[], url = server.url): string {
  const yaml = {
    public_url: 'https://tools.acme.io',
    store: { url, key_prefix: keyPrefix },
    encryption_keys: keys.map((key) => key.toString('base64')),
    providers: {
      cognito: {
        type: 'cognito',
        domain: 'https://auth.acme.io',
        user_pool_id: 'eu-west-1_Xk3fP9qLm',
        client_id: '4f7q',
      },
    },
  }
  return join(t.testdir({ 'a.yaml': stringify(yaml) }), 'a.yaml')
}

/** All there is but what is sealed: keys, headers, times to live to the second. */
async function stateOf(keyPrefix: string): Promise<Record<string, readonly [string, number]>> {
  const keys = (await redis.keys('*')).filter((key) => key.startsWith(keyPrefix)).sort()
  const entries = keys.map(async (key) => {
    const value = (await redis.type(key)) === 'string' ? await redis.get(key) : ''
    return [key, [value?.split('\n')[0] ?? '', Math.round((await redis.pttl(key)) / 10_000)]] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

t.test('rotate: everything is sealed with the first key, nothing else changes, and the old key can go', async (t) => {
  const keyPrefix = 'rotate:'
  const before = gatewayWith(t, keyPrefix, old)
  const ada = await before.store.userHash('cognito', 'ada')
  const cookies = await Promise.all(
    Array.from({ length: 600 }, () =>
      before.store.createSession(ada, { provider: 'cognito', sub: 'ada', browser: 'Firefox' }),
    ),
  )
  await before.store.writeTokens(ada, 'cognito', aSet, { new: true })
  await before.store.writeTokens(ada, 'crm', aSet, { new: true }, { refusedBecause: 'invalid_grant' })
  await before.store.end(ada, ['t:crm'], { reason: 'disconnected', orphans: [] })
  await before.store.writeTokens(ada, 'wiki', aSet, { new: true })
  await before.store.writeTokens(ada, 'wiki', aSet, { version: 1 }, { refusedBecause: 'invalid_grant' })
  const { kid } = await before.identityKeys.current()
  await redis.set('elsewhere:{x}:s:y', '1 live 1  \nnot ours')
  const state = await stateOf(keyPrefix)

  const { exitCode, out, err } = await toolgate('keys', 'rotate', '-c', configIn(t, keyPrefix, [next, old]))

  t.equal(exitCode, 0, err)
  t.match(out, /^606 {2}records\n605 {2}sealed anew.*\n {2}1 {2}needed nothing$/)
  t.strictSame(await stateOf(keyPrefix), state)
  const after = gatewayWith(t, keyPrefix, next)
  const read = await Promise.all(cookies.map(({ cookie }) => after.store.readSession(cookie, ['cognito', 'wiki'])))
  t.equal(read.filter((session) => session?.tokens.size === 2).length, 600)
  t.match(read[0]?.tokens.get('wiki'), { version: 2, state: 'refused', reason: 'invalid_grant', set: aSet })
  t.equal(await after.store.userHash('cognito', 'ada'), ada)
  t.equal((await after.identityKeys.current()).kid, kid)

  const again = await toolgate('keys', 'rotate', '-c', configIn(t, keyPrefix, [next, old]))
  t.match(again, { exitCode: 0, out: /\n {2}0 {2}sealed anew/ })
})

t.test('rotate: what a missing key sealed, or a newer release wrote, stays as it is, and is told', async (t) => {
  await gatewayWith(t, 'left:', lost).records.write(
    'somebody',
    's:lost',
    {
      state: 'live',
      mark: '',
      reason: '',
      body: Buffer.from('sealed with a key that nobody has any more'),
      ttlMs: hour,
    },
    { new: true },
  )
  await redis.set('left:{somebody}:s:newer', '2 live 1 something new\nsealed', 'PX', hour)
  await redis.set('left:{somebody}:lock:cognito', 'an owner', 'PX', hour)
  const values = await redis.mget('left:{somebody}:s:lost', 'left:{somebody}:s:newer')

  const { exitCode, out } = await toolgate('keys', 'rotate', '-c', configIn(t, 'left:', [next, old]))

  t.equal(exitCode, 1)
  t.match(out, /2 {2}records/)
  t.match(out, /1 {2}sealed with a key that is not listed/)
  t.match(out, /1 {2}written by a newer release/)
  t.strictSame(await redis.mget('left:{somebody}:s:lost', 'left:{somebody}:s:newer'), values)
})

t.test('rotate: a store that is away is exit code 2; memory has nothing to rotate', async (t) => {
  const away = await toolgate('keys', 'rotate', '-c', configIn(t, 'tg:', [next], 'redis://127.0.0.1:1'))
  const memory = await toolgate('keys', 'rotate', '-c', configIn(t, 'tg:', [next], 'memory:'))

  t.match(away, { exitCode: 2, err: /Redis cannot be asked[\s\S]*Run it again/, out: '' })
  t.match(memory, { exitCode: 1, err: /store\.url is memory:/, out: '' })
})

t.test('new: 32 random bytes each time; anything else says how the command is called', async (t) => {
  const [first, second, wrong] = [await toolgate('keys', 'new'), await toolgate('keys', 'new'), await toolgate('keys')]

  t.equal(Buffer.from(first.out, 'base64').length, 32)
  t.not(first.out, second.out)
  t.match(wrong, { exitCode: 1, err: /toolgate keys new, or toolgate keys rotate/ })
})
