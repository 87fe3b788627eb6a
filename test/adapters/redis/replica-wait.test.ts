import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createReplicaWait } from '../../../src/adapters/redis/replica-wait.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'

async function startPair(t: Test) {
  const [primary, replica] = [await startRedis(t), await startRedis(t)]
  const [data, copy] = [connect(t, primary), connect(t, replica)]
  await data.config('SET', 'repl-diskless-sync-delay', '0')
  await copy.replicaof('127.0.0.1', String(primary.port))
  // It has said how far it is: at first it does so once a second.
  await data.set('first', 'one')
  await until(async () => (await data.wait(1, 100)) === 1)
  return { data, copy, replica }
}

function connect(t: Test, { url }: RedisServer): Redis {
  const redis = new Redis(url, { protocol: 2 })
  t.teardown(() => redis.disconnect())
  return redis
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const start = performance.now(); !(await holds()); await setTimeout(20)) {
    if (performance.now() - start > 10_000) throw new Error('it does not come to pass')
  }
}

async function timed(task: Promise<void>): Promise<number> {
  const start = performance.now()
  await task
  return performance.now() - start
}

t.test('what was written is at the replica once it has been waited for', async (t) => {
  const { data, copy } = await startPair(t)
  const reports: unknown[] = []
  const replicated = createReplicaWait({ onReplicated: (...report) => reports.push(report) })

  for (let value = 1; value <= 100; value++) {
    await data.set('key', value)
    await replicated(data)
    if ((await copy.get('key')) !== String(value)) t.fail(`${value} is not there`)
  }

  t.strictSame(reports, [[true, 'confirmed']])
})

t.test('a replica that is silent is waited for so long, then not for a while; it is said once', async (t) => {
  const { data, replica } = await startPair(t)
  const reports: boolean[] = []
  const replicated = createReplicaWait({ boundMs: 100, restMs: 400, onReplicated: (is) => reports.push(is) })

  replica.freeze()
  await data.set('key', 'one')
  const first = await timed(replicated(data))
  const second = await timed(replicated(data))
  replica.thaw()
  await until(async () => {
    await replicated(data)
    return reports.at(-1) === true
  })

  t.ok(first >= 90 && first < 1_000, `the first took ${Math.round(first)} ms`)
  t.ok(second < 50, `the second took ${Math.round(second)} ms`)
  t.strictSame(reports, [false, true])
})

t.test('many writes share two waits: they do not hold each other up', async (t) => {
  const { data, replica } = await startPair(t)
  const replicated = createReplicaWait({ boundMs: 100 })
  const waits = async () => Number(/cmdstat_wait:calls=(\d+)/.exec(await data.info('commandstats'))?.[1] ?? 0)

  const before = await waits()
  replica.freeze()
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      await data.set(`key${index}`, 'one')
      await replicated(data)
    }),
  )
  replica.thaw()

  t.equal((await waits()) - before, 1, 'the second was given up when the first had taken too long')
})

t.test('without a replica, or the right to wait for one, all goes on', async (t) => {
  const server = await startRedis(t)
  const admin = connect(t, server)
  await admin.call('ACL', 'SETUSER', 'hasty', 'on', '>secret', '~*', '+@all', '-wait')
  const hasty = new Redis(server.url.replace('redis://', 'redis://hasty:secret@'), { protocol: 2 })
  t.teardown(() => hasty.disconnect())
  const reports: (readonly [boolean, string])[] = []
  const replicated = createReplicaWait({ boundMs: 50, onReplicated: (...report) => reports.push(report) })

  await t.resolves(replicated(admin))
  await t.resolves(replicated(hasty))

  t.match(reports, [
    [false, 'no replica answered within 50 ms'],
    [false, /NOPERM/],
  ])
})
