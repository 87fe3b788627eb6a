import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { readTogether } from '../../../src/adapters/redis/read-together.ts'

/** Reads that are counted: a key's value is the key, but `no…` has none and `bad` fails. */
function counted(t: Test) {
  const read = t.captureFn(async (keys: readonly string[]) => {
    if (keys.includes('bad')) throw new Error('away')
    return keys.map((key) => (key.startsWith('no') ? null : Buffer.from(key)))
  })
  const together = readTogether(read)
  const texts = async (keys: readonly string[]) => (await together(keys)).map((value) => value?.toString())
  return { texts, asked: () => read.args().map(([keys]) => keys) }
}

t.test(
  'whoever reads in one turn reads by one command, what several want once, and gets what was asked for',
  async (t) => {
    const { texts, asked } = counted(t)

    const answers = await Promise.all([texts(['a', 'no', 'b']), texts(['a']), texts(['c', 'd'])])

    t.strictSame(answers, [['a', undefined, 'b'], ['a'], ['c', 'd']])
    t.strictSame(asked(), [['a', 'no', 'b', 'c', 'd']])
  },
)

t.test('nothing is answered by what was read for somebody before', async (t) => {
  const { texts, asked } = counted(t)

  const first = texts(['a'])
  await setImmediate()
  await Promise.all([first, texts(['a'])])

  t.strictSame(asked(), [['a'], ['a']])
})

t.test('a failure is heard by all who read together, and by nobody after them', async (t) => {
  const { texts } = counted(t)

  const together = [texts(['a']), texts(['bad'])]

  for (const answer of together) await t.rejects(answer, { message: 'away' })
  t.strictSame(await texts(['a']), ['a'])
})

t.test('many are read by several commands, so that the server is not kept from others', async (t) => {
  const { texts, asked } = counted(t)
  const keys = Array.from({ length: 300 }, (_, i) => `k${i}`)

  const answers = await Promise.all(keys.map((key) => texts([key])))

  t.strictSame(answers.flat(), keys)
  t.strictSame(
    asked().map(({ length }) => length),
    [128, 128, 44],
  )
})
