import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createKeyring } from '../../../src/adapters/keyring.ts'
import { createRedisStore } from '../../../src/adapters/redis/store.ts'
import type { RecordWrite } from '../../../src/core/ports.ts'
import { startRedis } from '../../support/redis.ts'
import { storeContract } from '../store-contract.ts'

const server = await startRedis(t)
const redis = new Redis(server.url)
t.teardown(() => redis.disconnect())
let tests = 0

function openStore(t: Test, keyPrefix: string) {
  const store = createRedisStore({ url: server.url, keyPrefix })
  t.teardown(() => store.records.close())
  return store
}

/**
 * Redis has no clock to move. Time that passes does two things here, and this does the same to every key of one test:
 * a key has that much less to live, and an index entry's end, a point in time, is that much nearer.
 */
async function shorten(keyPrefix: string, ms: number): Promise<void> {
  for (const key of await redis.keys(`${keyPrefix}*`)) {
    const left = (await redis.pttl(key)) - ms
    await (left > 0 ? redis.pexpire(key, left) : redis.del(key))
    if ((await redis.type(key)) !== 'zset') continue
    for (const member of await redis.zrange(key, '0', '-1')) await redis.zincrby(key, String(-ms), member)
  }
}

t.test('the contract', async (t) => {
  storeContract(t, async (t) => {
    const keyPrefix = `contract${++tests}:`
    return {
      store: openStore(t, keyPrefix),
      other: openStore(t, keyPrefix),
      advance: (ms) => shorten(keyPrefix, ms),
    }
  })
})

t.test('every key has a time to live and is one that docs/storage.md lists', async (t) => {
  const keyPrefix = 'ttl:'
  const { records, revocations, locks } = openStore(t, keyPrefix)
  await records.write('u', 's:one', aWrite({ ttlMs: 60_000 }), { new: true })
  await records.write('u', 's:two', aWrite(), { new: true })
  await records.write('u', 't:cognito', aWrite(), { new: true })
  await records.write('u', 't:crm', aWrite({ mark: 'm' }), { new: true })
  await records.end('u', ['s:two', 't:crm'], { reason: 'signed_out', orphans: [] })
  await revocations.put('u', 60_000)
  await locks.acquire('u', 'refresh', 60_000)

  const keys = await redis.keys(`${keyPrefix}*`)
  const lives = Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await redis.pttl(key)])))

  t.strictSame(keys.toSorted(), [
    'ttl:revocations',
    'ttl:{u}:lock:refresh',
    'ttl:{u}:r:crm:m',
    'ttl:{u}:s:one',
    'ttl:{u}:s:two',
    'ttl:{u}:t:cognito',
    'ttl:{u}:t:crm',
    'ttl:{u}:u',
  ])
  isAbout(t, lives['ttl:{u}:lock:refresh'], 60_000)
  isAbout(t, lives['ttl:{u}:s:one'], 60_000)
  isAbout(t, lives['ttl:{u}:s:two'], 3_600_000)
  isAbout(t, lives['ttl:{u}:t:cognito'], 600_000)
  isAbout(t, lives['ttl:{u}:u'], 600_000)
  isAbout(t, lives['ttl:{u}:r:crm:m'], 600_000)
  isAbout(t, lives['ttl:revocations'], 7 * 24 * 3_600_000)
})

t.test('the index lives as long as its last entry, also when that one is touched or ended', async (t) => {
  const { records } = openStore(t, 'index:')
  const life = () => redis.pttl('index:{u}:u')
  await records.write('u', 's:one', aWrite({ ttlMs: 60_000 }), { new: true })
  await records.write('u', 's:two', aWrite({ ttlMs: 120_000 }), { new: true })

  await records.touch('u', 's:one', 180_000)
  isAbout(t, await life(), 180_000)
  await records.end('u', ['s:one'], { reason: 'signed_out', orphans: [] })
  isAbout(t, await life(), 120_000)
  await records.write('u', 't:crm', aWrite({ ttlMs: 60_000 }), { new: true })
  await records.write('u', 't:cognito', aWrite({ ttlMs: 240_000 }), { new: true })
  await records.end('u', ['s:two'], { reason: 'signed_out', orphans: ['t:cognito'] })
  isAbout(t, await life(), 60_000)
  await records.end('u', ['t:crm'], { reason: 'disconnected', orphans: [] })
  t.equal(await redis.exists('index:{u}:u'), 0)
})

t.test('index entries that expired are removed by the next write, not only hidden', async (t) => {
  const { records } = openStore(t, 'prune:')
  await records.write('u', 's:one', aWrite({ ttlMs: 60_000 }), { new: true })
  await records.write('u', 's:two', aWrite(), { new: true })
  await shorten('prune:', 60_000)

  await records.touch('u', 's:two', 600_000)

  t.strictSame(await redis.zrange('prune:{u}:u', '0', '-1'), ['s:two'])
})

t.test('a look into Redis shows the header and no sealed text', async (t) => {
  const { records } = openStore(t, 'look:')
  const keyring = createKeyring([Buffer.alloc(32, 7)])
  const plain = Buffer.from('{"refresh_token":"eyJ-secret"}')
  const body = keyring.seal('token set', 'look:{u}:t:cognito', plain)

  await records.write('u', 't:cognito', aWrite({ body, mark: 'm4rk' }), { new: true })
  const value = (await redis.getBuffer('look:{u}:t:cognito')) ?? Buffer.alloc(0)
  const [record] = await records.read('u', ['t:cognito'])

  t.equal(value.toString('latin1', 0, value.indexOf('\n')), '1 live 1 m4rk ')
  t.notOk(value.includes('secret'))
  t.notOk(value.includes('refresh_token'))
  t.strictSame(keyring.open('token set', 'look:{u}:t:cognito', record?.body ?? plain), plain)
})

for (const [what, value] of [
  ['of a newer format', '2 live 1 m \nbody'],
  ['in an unknown state', '1 asleep 1 m \nbody'],
  ['that is no record', 'anything'],
] as const) {
  t.test(`a value ${what} is store_unavailable for every method, and stays as it is`, async (t) => {
    const { records } = openStore(t, 'newer:')
    const key = 'newer:{u}:t:cognito'
    await records.write('u', 's:one', aWrite(), { new: true })
    await redis.set(key, value, 'PX', 60_000)

    const unavailable = { code: 'store_unavailable', status: 503 }
    await t.rejects(records.read('u', ['s:one', 't:cognito']), unavailable)
    await t.rejects(records.write('u', 't:cognito', aWrite(), { new: true }), unavailable)
    await t.rejects(records.write('u', 't:cognito', aWrite(), { version: 1 }), unavailable)
    await t.rejects(records.write('u', 't:cognito', aWrite(), { mark: 'm' }), unavailable)
    await t.rejects(records.touch('u', 't:cognito', 600_000), unavailable)
    await t.rejects(records.end('u', ['s:one', 't:cognito'], { reason: 'x', orphans: [] }), unavailable)
    await t.rejects(records.end('u', ['s:one'], { reason: 'x', orphans: ['t:cognito'] }), unavailable)
    await t.rejects(records.end('u', ['s:*'], { reason: 'x', orphans: ['t:cognito'] }), unavailable)

    t.equal(await redis.get(key), value)
    isAbout(t, await redis.pttl(key), 60_000)
    t.match(await records.read('u', ['s:one']), [{ state: 'live', version: 1 }], 'an end ends all it names or nothing')
    await redis.del(key, 'newer:{u}:s:one')
  })
}

t.test('scripts that Redis has lost are sent again', async (t) => {
  const { records } = openStore(t, 'flushed:')
  await records.write('u', 's:one', aWrite(), { new: true })

  await redis.script('FLUSH')

  t.equal(await records.write('u', 's:one', aWrite(), { version: 1 }), 2)
})

function aWrite(changes: Partial<RecordWrite> = {}): RecordWrite {
  return { state: 'live', mark: '', reason: '', body: Buffer.from('sealed'), ttlMs: 600_000, ...changes }
}

/** Up to five seconds have passed since the full time was set. */
function isAbout(t: Test, ms: number | undefined, fullMs: number): void {
  t.ok(ms !== undefined && ms <= fullMs && ms > fullMs - 5_000, `${ms} ms left of ${fullMs}`)
}

t.test('an address leads to all its users, each until its own end, and no more than a hundred', async (t) => {
  const { addresses } = openStore(t, 'address:')
  const key = 'address:e:digest'
  await addresses.add('digest', 'ada', 120_000)
  await addresses.add('digest', 'ada', 60_000)
  await addresses.add('digest', 'grace', 240_000)

  t.strictSame([...(await addresses.find('digest'))].sort(), ['ada', 'grace'])
  t.strictSame(await addresses.find('another'), [])
  isAbout(t, await redis.pttl(key), 240_000)
  await shorten('address:', 180_000)
  await Promise.all(Array.from({ length: 99 }, (_, at) => addresses.add('digest', `user ${at}`, 300_000)))
  const full = await addresses.find('digest')
  t.match([full.length, full.includes('grace'), full.includes('ada')], [100, true, false])
  await addresses.add('digest', 'one more', 300_000)
  t.equal((await addresses.find('digest')).includes('grace'), false, 'the soonest to end goes first')
})
