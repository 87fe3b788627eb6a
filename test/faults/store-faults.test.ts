import { Redis } from 'ioredis'
import t from 'tap'
import { answerTo, sortsOf } from './support/load.ts'
import { type Row, underFault } from './support/report.ts'
import { startStage } from './support/stage.ts'

const stage = await startStage(t)
const { redis, replicas } = stage
const failures = () => replicas.reduce((sum, { store }) => sum + store.bites(), 0)

t.test('Redis is killed and started again: nobody is signed out', async (t) => {
  await underFault(t, stage, [{ name: 'Redis killed and started again', failures }], {
    cutsIn: true,
    begin: () => redis.kill(),
    end: () => redis.restart(),
  })
})

t.test('Redis is frozen: nobody is signed out', async (t) => {
  await underFault(t, stage, [{ name: 'Redis frozen', failures }], {
    cutsIn: true,
    begin: () => process.kill(redis.pid, 'SIGSTOP'),
    end: () => process.kill(redis.pid, 'SIGCONT'),
  })
})

t.test(
  'the way to Redis is half-open, breaks in the middle of replies, or is slow: nobody is signed out',
  async (t) => {
    const faults = [
      ['the way to Redis half-open', { kind: 'half-open' }],
      ['replies of Redis cut in the middle', { kind: 'reset', afterBytes: 40 }],
      ['Redis slow, at 200 bytes/s', { kind: 'slow', bytesPerSecond: 200 }],
    ] as const
    // Each replica has a way of its own, and a trouble of its own.
    const rows = faults.map(([name, fault], index) => {
      const replica = replicas[index] ?? replicas[0]
      return { name, replica, fault, failures: replica.store.bites } satisfies Row & Record<string, unknown>
    })

    await underFault(t, stage, rows, {
      cutsIn: true,
      begin: () => rows.map(({ replica, fault }) => replica.store.set(fault)),
      end: () => rows.map(({ replica }) => replica.store.heal()),
    })
  },
)

t.test('Redis loses everything: one trip to the provider and back, without a password', async (t) => {
  const { origin, people } = stage
  const commands = new Redis(redis.url)
  const calls = await stage.tokenCalls()

  await commands.flushall()
  commands.disconnect()
  // Nothing tells the replicas; what they have is good for ten seconds.
  await stage.advance(10_000)
  const answers = await Promise.all(people.map(({ browser }) => browser.open(`${origin}/tool`)))
  const exchanged = (await stage.tokenCalls()) - calls
  const later = await Promise.all(
    replicas.flatMap((replica) => people.map((person) => answerTo(stage, person, replica))),
  )

  t.comment(`Redis flushed: ${exchanged} trips to the provider, then ${sortsOf(later)}`)
  // A form on the way would be where they stand.
  t.strictSame([...new Set(answers.map(({ status, url }) => `${status} ${url}`))], [`200 ${origin}/tool`])
  t.equal(exchanged, people.length)
  t.strictSame(sortsOf(later), ['served'])
})
