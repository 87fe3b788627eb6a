import { readFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createRedisStore } from '../../../src/adapters/redis/store.ts'
import type { RecordWrite } from '../../../src/core/ports.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'

const aWrite: RecordWrite = { state: 'live', mark: '', reason: '', body: Buffer.from('sealed'), ttlMs: 600_000 }

/** A store that is listened to, with waits as short as a test likes. */
function openStore(t: Test, { url }: Pick<RedisServer, 'url'>, keyPrefix = 'tg:') {
  const changed: string[] = []
  const hearing: boolean[] = []
  const reported: { readonly isHearing: boolean; readonly detail: string }[] = []
  let wake = () => {}
  const store = createRedisStore({
    url,
    keyPrefix,
    probeEveryMs: 50,
    arriveWithinMs: 100,
    onHearing: (isHearing, detail) => reported.push({ isHearing, detail }),
  })
  t.teardown(() => store.records.close())
  store.invalidations.listen({
    changed(user) {
      changed.push(user)
      wake()
    },
    hearing(isHearing) {
      hearing.push(isHearing)
      wake()
    },
  })
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const untilHearing = (isHearing: boolean) => until(() => hearing.at(-1) === isHearing)
  return { ...store, changed, hearing, reported, until, untilHearing }
}

function connect(t: Test, url: string): Redis {
  const redis = new Redis(url)
  t.teardown(() => redis.disconnect())
  return redis
}

t.test('a subscription whose connection is cut is told at once, and made anew', async (t) => {
  const server = await startRedis(t)
  const redis = connect(t, server.url)
  const { records, hearing, changed, until, untilHearing } = openStore(t, server)
  await untilHearing(true)

  await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await untilHearing(false)
  await untilHearing(true)
  await redis.publish('tg:changes', 'somebody')
  await until(() => changed.length > 0)

  t.strictSame(hearing, [true, false, true])
  t.strictSame(changed, ['somebody'])
  await t.resolves(records.ping(), 'the other connection was not touched')
})

t.test('a subscription that falls silent is told within its time, and made anew', async (t) => {
  const server = await startRedis(t)
  const { hearing, reported, untilHearing } = openStore(t, server)
  await untilHearing(true)

  process.kill(server.pid, 'SIGSTOP')
  const start = performance.now()
  await untilHearing(false)
  const took = performance.now() - start
  process.kill(server.pid, 'SIGCONT')
  await untilHearing(true)

  t.ok(took < 1_000, `told after ${Math.round(took)} ms`)
  t.strictSame(hearing, [true, false, true])
  t.match(reported, [{ isHearing: true }, { isHearing: false, detail: /does not arrive/ }, { isHearing: true }])
})

t.test('a subscription that lives is tried and left alone', async (t) => {
  const server = await startRedis(t)
  const redis = connect(t, server.url)
  const { hearing, untilHearing } = openStore(t, server)
  await untilHearing(true)
  const heard = new Promise<void>((resolve) => {
    let probes = 0
    redis.on('message', () => ++probes === 5 && resolve())
  })
  await redis.subscribe('tg:changes')

  await heard

  t.strictSame(hearing, [true])
})

t.test('without Redis nothing is heard; it is told once, and again when Redis is there', async (t) => {
  const server = await startRedis(t)
  await server.stop()
  const { hearing, reported, untilHearing } = openStore(t, server)
  await untilHearing(false)

  await server.restart()
  await untilHearing(true)

  t.strictSame(hearing, [false, true])
  t.match(reported, [{ isHearing: false, detail: /ECONNREFUSED/ }, { isHearing: true }])
})

t.test('who may neither publish nor subscribe can read and write, and is told that nothing is heard', async (t) => {
  const server = await startRedis(t)
  const redis = connect(t, server.url)
  await redis.call('ACL', 'SETUSER', 'muted', 'on', '>secret', '~tg:*', 'resetchannels', '+@all')
  const url = server.url.replace('redis://', 'redis://muted:secret@')
  const { records, hearing, reported, changed, untilHearing } = openStore(t, { url })

  await untilHearing(false)
  t.equal(await records.write('u', 's:one', aWrite, { new: true }), 1)
  t.equal((await records.end('u', ['s:one'], { reason: 'x', orphans: [] })).length, 1)

  t.strictSame(changed, ['u', 'u'], 'its own changes it hears of')
  t.match(reported, [{ isHearing: false, detail: /NOPERM/ }])
  await redis.call('ACL', 'SETUSER', 'muted', '&tg:changes')
  await untilHearing(true)
  t.strictSame(hearing, [false, true], 'it asks again')
})

t.test('the rights that docs/storage.md names are enough', async (t) => {
  const server = await startRedis(t)
  const redis = connect(t, server.url)
  const page = await readFile(new URL('../../../docs/storage.md', import.meta.url), 'utf8')
  const [, written = ''] = /^ACL (SETUSER toolgate on .*)$/m.exec(page) ?? []
  await redis.call('ACL', ...written.replace('>PASSWORD', '>secret').split(' '))
  const one = openStore(t, { url: server.url.replace('redis://', 'redis://toolgate:secret@') })
  const other = openStore(t, server)
  await Promise.all([one.untilHearing(true), other.untilHearing(true)])

  t.equal(await one.records.write('u', 's:one', aWrite, { new: true }), 1)
  t.equal(await one.records.touch('u', 's:one', 1_000), true)
  await other.until(() => other.changed.includes('u'))
  await other.records.write('v', 's:one', aWrite, { new: true })
  await one.until(() => one.changed.includes('v'))
  const lock = await one.locks.acquire('u', 'refresh', 1_000)
  t.equal(await lock?.renew(), true)
  await lock?.release()
  t.equal((await one.records.list('u')).length, 1)
  await one.records.end('u', ['s:*'], { reason: 'x', orphans: [] })
})

t.test('a message names the user hash and nothing more', async (t) => {
  const server = await startRedis(t)
  const spy = connect(t, server.url)
  const messages: string[] = []
  // What begins with ? is nobody's: a gateway tries so whether it is heard.
  spy.on('pmessage', (_pattern, channel, message) => message.startsWith('?') || messages.push(`${channel} ${message}`))
  await spy.psubscribe('*')
  const { records } = openStore(t, server)

  await records.write('u', 's:one', aWrite, { new: true })
  await records.write('u', 't:cognito', aWrite, { new: true })
  await records.end('u', ['s:one'], { reason: 'signed_out', orphans: ['t:cognito'] })
  while (messages.length < 3) await records.ping()

  t.strictSame(messages, ['tg:changes u', 'tg:changes u', 'tg:changes u'])
})

t.test('gateways of another prefix are not heard', async (t) => {
  const server = await startRedis(t)
  const ours = openStore(t, server)
  const theirs = openStore(t, server, 'other:')
  await Promise.all([ours.untilHearing(true), theirs.untilHearing(true)])

  await theirs.records.write('theirs', 's:one', aWrite, { new: true })
  await ours.records.write('ours', 's:one', aWrite, { new: true })
  await ours.until(() => ours.changed.length === 2)

  t.strictSame(ours.changed, ['ours', 'ours'], 'one told here, and one by the message')
})

t.test('without a listener there is no subscription', async (t) => {
  const server = await startRedis(t)
  const redis = connect(t, server.url)
  const { records } = createRedisStore({ url: server.url, keyPrefix: 'tg:' })
  t.teardown(() => records.close())

  await records.ping()

  t.equal(await redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub'), '')
})
