import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { createIdentityKeys } from '../../src/core/identity-keys.ts'
import type { RecordStore } from '../../src/core/ports.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** A store with a clock that moves, and replicas over it. */
function setUp() {
  const clock = { time: 1_000_000_000_000 }
  const now = () => clock.time
  const memory = createMemoryStore({ now })
  const store = { away: false, writes: 0, reads: 0 }
  const answer = <T>(task: () => Promise<T>) =>
    store.away ? Promise.reject(new GatewayError('store_unavailable')) : task()
  const records: RecordStore = {
    ...memory.records,
    read: (...args) => {
      store.reads++
      return answer(() => memory.records.read(...args))
    },
    write: (...args) => {
      store.writes++
      return answer(() => memory.records.write(...args))
    },
  }
  const [first, second] = [randomBytes(32), randomBytes(32)]
  const replica = (keys = [first]) => createIdentityKeys({ records, keyring: createKeyring(keys), now })
  return { clock, store, records: memory.records, replica, first, second }
}

type Keys = ReturnType<ReturnType<typeof setUp>['replica']>
const signing = async (keys: Keys) => (await keys.current()).kid
const published = async (keys: Keys) => (await keys.published()).map(({ kid }) => kid)

t.test('nothing is stored, and nothing read, before somebody needs a key', async (t) => {
  const { replica, store } = setUp()

  replica()

  t.match(store, { reads: 0, writes: 0 })
})

t.test('the first key signs at once, and replicas that start together agree on it', async (t) => {
  const { replica, store } = setUp()
  const replicas = Array.from({ length: 5 }, () => replica())

  const kids = await Promise.all(replicas.map(signing))
  const seen = await Promise.all(replicas.map(published))

  t.equal(new Set(kids).size, 1)
  t.strictSame(
    seen,
    replicas.map(() => [kids[0]]),
  )
  t.equal(await signing(replica()), kids[0], 'one that starts later, too')
  t.equal(store.writes, 5, 'each tried once')
})

t.test('many who ask at once make one read', async (t) => {
  const { replica, store, clock } = setUp()
  const keys = replica()
  const askAtOnce = () => Promise.all(Array.from({ length: 50 }, () => keys.current()))

  await askAtOnce()
  t.match(store, { reads: 1, writes: 1 })
  clock.time += hour
  await askAtOnce()
  t.match(store, { reads: 2, writes: 1 }, 'an hour later, behind them')
})

t.test('the next key is published a day before it signs, the old one until its last token is over', async (t) => {
  const { replica, clock } = setUp()
  const [one, two] = [replica(), replica()]
  const old = await signing(one)
  const start = clock.time
  const at = async (time: number, keys = one) => {
    clock.time = start + time
    // What is read behind whoever asks is there for the next.
    await keys.published()
    await new Promise((resolve) => setImmediate(resolve))
    return { signs: await signing(keys), seen: await published(keys) }
  }

  const due = 89 * day + hour
  const before = await at(89 * day - 1)
  const announced = await at(due)
  const [, next = ''] = announced.seen
  const stillOld = await at(due + day - 1)
  const taken = await at(due + day)
  const overlapping = await at(due + day + 9 * minute)
  const gone = await at(due + day + 70 * minute)
  const elsewhere = await at(due + day + 70 * minute, two)

  t.strictSame(before, { signs: old, seen: [old] })
  t.strictSame(announced, { signs: old, seen: [old, next] })
  t.strictSame(stillOld, { signs: old, seen: [old, next] })
  t.strictSame(taken, { signs: next, seen: [old, next] })
  t.strictSame(overlapping, { signs: next, seen: [old, next] })
  t.strictSame(gone, { signs: next, seen: [next] })
  t.strictSame(elsewhere, gone)
})

t.test('no replica signs with a key that another one, which read lately, does not publish', async (t) => {
  const { replica, clock } = setUp()
  const [busy, idle] = [replica(), replica()]
  await Promise.all([busy.current(), idle.current()])
  clock.time += 89 * day - hour
  await published(idle)
  clock.time += hour

  // The one rolls; the other goes on with what it read an hour ago.
  for (let passed = 0; passed < 25; passed++) {
    const key = await signing(busy)
    t.ok((await published(idle)).includes(key), `${passed} h`)
    t.ok((await published(busy)).includes(await signing(idle)), `${passed} h`)
    clock.time += hour
    await new Promise((resolve) => setImmediate(resolve))
  }
})

t.test('while the store is away keys serve for a day after they were read, then nothing does', async (t) => {
  const { replica, store, clock } = setUp()
  const keys = replica()
  const kid = await signing(keys)
  store.away = true

  clock.time += day - 1
  t.equal(await signing(keys), kid)
  clock.time += 1
  await t.rejects(keys.current(), { code: 'store_unavailable' })
  await t.rejects(replica().published(), { code: 'store_unavailable' })
  store.away = false
  t.equal(await signing(keys), kid)
})

t.test('what is stored is sealed', async (t) => {
  const { replica, records } = setUp()

  const { privateKey } = await replica().current()

  const [record] = await records.read('gateway', ['k:identity'])
  const { d = '' } = privateKey.export({ format: 'jwk' })
  t.notOk(Buffer.from(record?.body ?? []).includes(d))
  t.notOk(Buffer.from(record?.body ?? []).includes('signsFrom'))
})

t.test('after a change of encryption keys the same key signs, and no longer needs the old one', async (t) => {
  const { replica, first, second } = setUp()
  const kid = await signing(replica([first]))

  t.equal(await signing(replica([first, second])), kid, 'added last')
  t.equal(await signing(replica([second, first])), kid, 'moved first')
  t.equal(await signing(replica([second])), kid, 'the old one removed')
  await t.rejects(replica([first]).current(), { code: 'store_unavailable' })
})

t.test('a record that nobody here can open stays as it is', async (t) => {
  const { replica, records, first, second, store } = setUp()
  const kid = await signing(replica([first]))
  const body = Buffer.from(JSON.stringify({ format: 2, keys: 'unknown' }))
  const newer = createKeyring([first]).seal('record', 'gateway/k:identity', body)

  await t.rejects(replica([second]).current(), { code: 'store_unavailable' })
  t.equal(await signing(replica([first])), kid)
  await records.write(
    'gateway',
    'k:identity',
    { state: 'live', mark: '', reason: '', body: newer, ttlMs: day },
    { version: 1 },
  )
  const writes = store.writes
  await t.rejects(replica([first]).current(), { code: 'store_unavailable' })
  t.equal(store.writes, writes)
})
