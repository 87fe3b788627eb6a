import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { inspectRedis } from '../../../src/adapters/redis/inspect.ts'
import { createRedisStore } from '../../../src/adapters/redis/store.ts'
import type { RecordWrite } from '../../../src/core/ports.ts'
import { startRedis } from '../../support/redis.ts'

const unavailable = { code: 'store_unavailable', status: 503, retryAfterSeconds: 5 }
const aWrite: RecordWrite = { state: 'live', mark: '', reason: '', body: Buffer.from('sealed'), ttlMs: 600_000 }

/** A store that remembers what it was told of its availability, and lets a test wait for the next change. */
function openStore(t: Test, url: string) {
  const changes: { readonly up: boolean; readonly detail: string }[] = []
  let wake = () => {}
  const store = createRedisStore({
    url,
    keyPrefix: 'tg:',
    onChange(up, detail) {
      changes.push({ up, detail })
      wake()
    },
  })
  t.teardown(() => store.records.close())
  async function until(up: boolean): Promise<void> {
    while (changes.at(-1)?.up !== up) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { ...store, changes, until }
}

async function failsInTime(t: Test, attempt: () => Promise<unknown>): Promise<void> {
  const start = performance.now()
  await t.rejects(attempt(), unavailable)
  const took = performance.now() - start
  t.ok(took < 1_500, `failed after ${Math.round(took)} ms`)
}

t.test('what is asked while the first connection is under way is answered', async (t) => {
  const server = await startRedis(t)

  const { records } = openStore(t, server.url)

  t.equal(await records.write('u', 's:one', aWrite, { new: true }), 1)
})

t.test('started without Redis: every method fails in time, and all is well once Redis is there', async (t) => {
  const server = await startRedis(t)
  await server.stop()
  const { records, locks, changes, until } = openStore(t, server.url)

  await failsInTime(t, () => records.read('u', ['s:one']))
  await failsInTime(t, () => records.write('u', 's:one', aWrite, { new: true }))
  await failsInTime(t, () => records.touch('u', 's:one', 1_000))
  await failsInTime(t, () => records.end('u', ['s:one'], { reason: 'x', orphans: [] }))
  await failsInTime(t, () => records.list('u'))
  await failsInTime(t, () => records.ping())
  await failsInTime(t, () => locks.acquire('u', 'refresh', 1_000))

  await server.restart()
  await until(true)
  t.equal(await records.write('u', 's:one', aWrite, { new: true }), 1)
  t.match(changes, [{ up: false, detail: /ECONNREFUSED/ }, { up: true }])
  t.equal(changes.length, 2, 'one report for each change')
})

t.test('Redis killed and started again: no record is lost, and nothing has to be made anew', async (t) => {
  const server = await startRedis(t, { appendonly: true })
  const { records, changes, until } = openStore(t, server.url)
  await records.write('u', 's:one', aWrite, { new: true })

  await server.kill()
  await until(false)
  await failsInTime(t, () => records.read('u', ['s:one']))
  await server.restart()
  await until(true)

  t.match(await records.read('u', ['s:one']), [{ state: 'live', version: 1 }])
  t.equal(await records.write('u', 's:one', aWrite, { version: 1 }), 2)
  t.strictSame(
    changes.map(({ up }) => up),
    [true, false, true],
  )
})

t.test('what is asked while Redis is away fails, and is not done later', async (t) => {
  const server = await startRedis(t)
  const { records, until } = openStore(t, server.url)
  await records.ping()
  await server.kill()
  await until(false)

  const failing = failsInTime(t, () => records.write('u', 's:one', aWrite, { new: true }))
  await server.restart()
  await failing
  await until(true)

  t.strictSame(await records.read('u', ['s:one']), [undefined])
})

t.test('it keeps trying, and reports once that Redis is away', async (t) => {
  let attempts = 0
  const silent = createServer((socket) => {
    socket.destroy()
    if (++attempts === 3) silent.emit('enough')
  })
  const enough = once(silent, 'enough')
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => silent.close())

  const { changes } = openStore(t, `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`)
  await enough

  t.match(changes, [{ up: false }])
  t.equal(changes.length, 1)
})

t.test('a held lock whose Redis is gone: renewing throws, giving back does not', async (t) => {
  const server = await startRedis(t)
  const { locks } = openStore(t, server.url)
  const lock = await locks.acquire('u', 'refresh', 60_000)

  await server.kill()

  await failsInTime(t, async () => lock?.renew())
  await t.resolves(lock?.release() ?? Promise.reject(new Error('no lock')))
})

t.test('Redis that accepts and does not answer counts as away, and a write it swallowed is not repeated', async (t) => {
  const server = await startRedis(t)
  const { records, until } = openStore(t, server.url)
  await records.write('u', 's:one', aWrite, { new: true })

  process.kill(server.pid, 'SIGSTOP')
  await failsInTime(t, () => records.write('u', 's:one', aWrite, { mark: '' }))
  await until(false)
  await failsInTime(t, () => records.read('u', ['s:one']))
  process.kill(server.pid, 'SIGCONT')
  await until(true)

  const [record] = await records.read('u', ['s:one'])
  t.ok(record?.version === 1 || record?.version === 2, `done once or not at all: version ${record?.version}`)
})

t.test('a server that became a replica refuses writes, and serves them again as primary', async (t) => {
  const server = await startRedis(t)
  const admin = new Redis(server.url)
  t.teardown(() => admin.disconnect())
  const { records, until } = openStore(t, server.url)
  await records.write('u', 's:one', aWrite, { new: true })

  await admin.replicaof('127.0.0.1', '1')
  await failsInTime(t, () => records.write('u', 's:one', aWrite, { version: 1 }))
  await until(false)
  await admin.replicaof('NO', 'ONE')
  await until(true)

  t.equal(await records.write('u', 's:one', aWrite, { version: 1 }), 2)
})

t.test('the password opens, a wrong one does not, and neither is ever told', async (t) => {
  const password = 'p@ss/w:rd %41'
  const server = await startRedis(t, { password })
  const right = openStore(t, server.url)
  const wrong = openStore(t, server.url.replace('p%40ss', 'wr0ng'))

  t.equal(await right.records.write('u', 's:one', aWrite, { new: true }), 1)
  const error = await wrong.records.read('u', ['s:one']).catch((reason) => reason)

  t.match(error, { ...unavailable, cause: { message: /WRONGPASS/ } })
  t.match(wrong.changes, [{ up: false, detail: /WRONGPASS/ }])
  const told = JSON.stringify([
    right.changes,
    wrong.changes,
    error,
    error.cause,
    Object.entries(error.cause),
    error.stack,
  ])
  t.notMatch(told, /p@ss|p%40ss|wr0ng/)
})

t.test('a database that Redis does not have is no store: nothing is written to another one', async (t) => {
  const server = await startRedis(t)
  const url = `${server.url}/99`
  const { records, changes, until } = openStore(t, url)
  const other = new Redis(server.url)
  t.teardown(() => other.disconnect())

  await until(false)
  for (let i = 0; i < 3; i++) {
    await failsInTime(t, () => records.ping())
    await failsInTime(t, () => records.write('u', 's:one', aWrite, { new: true }))
  }
  const error = await records.read('u', ['s:one']).catch((reason) => reason)
  const outcome = await inspectRedis({ url }, 'tg:', { signal: AbortSignal.timeout(5_000) })

  const detail = /^the database of store.url: ERR DB index/
  t.match(changes, [{ up: false, detail }])
  t.equal(changes.length, 1)
  t.match(error.cause.message, /the database of store.url: ERR DB index/)
  t.strictSame(outcome, { refusedDatabase: 99 })
  t.equal(await other.dbsize(), 0)
})

t.test('after close nothing is answered and nothing is reported', async (t) => {
  const server = await startRedis(t)
  const { records, changes } = openStore(t, server.url)
  await records.ping()

  await records.close()

  await failsInTime(t, () => records.ping())
  t.match(changes, [{ up: true }])
  t.equal(changes.length, 1)
})
