import t from 'tap'
import { createSameAnswer } from '../../src/core/same-answer.ts'

function answering() {
  const clock = { at: 0 }
  let made = 0
  const sameAnswer = createSameAnswer<number>(() => clock.at)
  const ask = (question: string) => sameAnswer(question, async () => ++made)
  return { clock, ask, sameAnswer }
}

t.test('the same question has one answer, for a minute', async (t) => {
  const { clock, ask } = answering()

  t.strictSame(await Promise.all([ask('a'), ask('a'), ask('b')]), [1, 1, 2])
  clock.at += 59_999
  t.equal(await ask('a'), 1)
  clock.at += 1
  t.equal(await ask('a'), 3)
})

t.test('a failure is told to all who wait, and not kept', async (t) => {
  const { ask, sameAnswer } = answering()
  const fail = async () => {
    throw new Error('away')
  }

  const failing = [sameAnswer('a', fail), sameAnswer('a', fail)]

  for (const answer of failing) await t.rejects(answer, { message: 'away' })
  t.equal(await ask('a'), 1)
})

t.test('of more than a thousand the oldest go', async (t) => {
  const { ask } = answering()
  for (let i = 0; i <= 1_000; i++) await ask(`${i}`)

  t.equal(await ask('1'), 2)
  t.equal(await ask('0'), 1_002)
})
