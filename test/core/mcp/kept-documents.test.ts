import t from 'tap'
import { createKeptDocuments, type FetchedDocument } from '../../../src/core/mcp/kept-documents.ts'

const [second, minute, hour] = [1_000, 60_000, 3_600_000]
const address = 'https://app.test/client'

/** Kept documents with a clock that can be moved, and what was fetched. */
function documents(answer: (count: number) => Partial<FetchedDocument> | Promise<Partial<FetchedDocument>>) {
  const clock = { now: 0, asker: '192.0.2.1' }
  const fetched: string[] = []
  const read = createKeptDocuments({
    fetch: async (from) => {
      fetched.push(from)
      return { text: `${fetched.length}`, maxAgeMs: undefined, ...(await answer(fetched.length)) }
    },
    now: () => clock.now,
    clientAddress: () => clock.asker,
  })
  return { read, fetched, clock }
}

function away(): never {
  throw new Error('inner.test leads to 10.0.0.1')
}

t.test('a copy serves as long as its host says, between a minute and a day, or for ten minutes', async (t) => {
  const lives: readonly (readonly [said: number | undefined, kept: number])[] = [
    [undefined, 10 * minute],
    [0, minute],
    [5 * minute, 5 * minute],
    [400 * hour, 24 * hour],
  ]
  for (const [maxAgeMs, kept] of lives) {
    const { read, clock } = documents(() => ({ maxAgeMs }))
    await read(address)

    clock.now = kept - 1
    t.equal(await read(address), 1, String(maxAgeMs))
    clock.now = kept
    t.equal(await read(address), 2, String(maxAgeMs))
  }
})

t.test('whoever wants a newer copy gets one, but none is asked for twice within ten seconds', async (t) => {
  const { read, clock } = documents(() => ({}))
  await read(address)

  clock.now = 9 * second
  t.equal(await read(address, 10 * second), 1)
  clock.now = 10 * second
  t.equal(await read(address, 10 * second), 2)
  t.equal(await read(address, 10 * second), 2)
})

t.test('all who want it at once share one fetch', async (t) => {
  const { read, fetched } = documents(() => ({}))

  const all = await Promise.all(Array.from({ length: 50 }, () => read(address)))

  t.same([...new Set(all)], [1])
  t.equal(fetched.length, 1)
})

t.test('a host that is away for an hour takes nothing away', async (t) => {
  const { read, clock } = documents((count) => (count > 1 ? away() : {}))
  await read(address)

  clock.now = 10 * minute + hour - 1
  t.equal(await read(address), 1)
  clock.now += 10 * second
  await t.rejects(read(address), { code: 'temporarily_unavailable' })
})

t.test('what cannot be had is one error, which does not say why, and is left alone for ten seconds', async (t) => {
  const { read, fetched, clock } = documents((count) => (count === 1 ? away() : {}))

  const error = (await read(address).catch((refused) => refused)) as Error
  t.match(error, { code: 'temporarily_unavailable', cause: { message: /10\.0\.0\.1/ } })
  t.notMatch(error.message, /10\.0|inner|leads/)
  clock.now = 10 * second - 1
  await t.rejects(read(address), { code: 'temporarily_unavailable' })
  t.equal(fetched.length, 1)
  clock.now = 10 * second
  t.equal(await read(address), 2)
})

t.test('what is not JSON is nothing', async (t) => {
  const { read } = documents(() => ({ text: '<html>' }))

  t.equal(await read(address), undefined)
})

t.test('one client address has sixty documents fetched in a minute; nobody else has to wait for that', async (t) => {
  const { read, fetched, clock } = documents(() => ({}))
  const some = (count: number, of: string) =>
    Promise.allSettled(Array.from({ length: count }, (_, index) => read(`https://${of}.test/${index}`)))

  const outcomes = await some(70, 'one')
  t.equal(fetched.length, 60)
  t.match(outcomes.at(-1), { reason: { code: 'rate_limited', retryAfterSeconds: 60 } })
  t.equal(await read('https://one.test/0'), 1, 'what is there needs no fetch')
  clock.asker = '192.0.2.2'
  await some(1, 'two')
  t.equal(fetched.length, 61)
  clock.asker = '192.0.2.1'
  clock.now = minute
  await some(1, 'three')
  t.equal(fetched.length, 62)
})

t.test('at most a hundred fetches are under way', async (t) => {
  const gate = Promise.withResolvers<void>()
  const { read, fetched, clock } = documents(async () => {
    await gate.promise
    return {}
  })
  const reads = Array.from({ length: 100 }, (_, index) => {
    clock.asker = `192.0.2.${index}`
    return read(`https://app.test/${index}`)
  })

  await t.rejects(read(address), { code: 'rate_limited', retryAfterSeconds: 1 })
  gate.resolve()
  await Promise.all(reads)

  t.equal(await read(address), 101)
  t.equal(fetched.length, 101)
})

t.test('the copies are bounded: the one that nobody wanted for longest goes', async (t) => {
  const { read, fetched, clock } = documents(() => ({ text: `"${'x'.repeat(64_000)}"` }))
  const many = Array.from({ length: 300 }, (_, index) => `https://app.test/${index}`)
  for (const [index, from] of many.entries()) {
    clock.asker = `192.0.2.${index % 250}`
    await read(from)
  }

  await read(many.at(-1) ?? '')
  t.equal(fetched.length, 300)
  await read(many[0] ?? '')
  t.equal(fetched.length, 301)
})
