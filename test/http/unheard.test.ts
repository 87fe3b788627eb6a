import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { AnswerListener } from '../../src/core/upstream-client.ts'
import { createUnheard } from '../../src/http/unheard.ts'

const limits = { most: 2, maxMs: 60_000, maxBytes: 100 }

/** Answers whose clients go away. */
function open(options: Partial<typeof limits> = {}) {
  const unheard = createUnheard({ ...limits, ...options })

  function leave() {
    const events: string[] = []
    const nobody = () => events.push('heard')
    const live: AnswerListener = {
      informed: nobody,
      began: nobody,
      received: nobody,
      waiting: () => false,
      ended: nobody,
      switched: nobody,
      failed: nobody,
    }
    const { listener, goOn } = unheard.outliving(live)
    const exchange = { resume: () => events.push('resumed'), abort: () => events.push('aborted') }
    const goesOn = goOn(exchange, (status) => events.push(`over ${status}`))
    return { events, listener, goesOn }
  }
  return { leave, endAll: unheard.endAll }
}

t.test('an answer goes on to its end, and its client hears nothing of it', async (t) => {
  const { events, listener } = open().leave()

  listener.began(200, [])
  listener.received(Buffer.alloc(50))
  t.ok(listener.waiting())
  listener.received(Buffer.alloc(50))
  listener.ended([])

  t.strictSame(events, ['resumed', 'over 200'])
})

t.test('one that fails is over', async (t) => {
  const { events, listener } = open().leave()

  listener.failed(new Error('reset'))

  t.strictSame(events, ['resumed', 'over undefined'])
})

t.test('one that is too long is given up', async (t) => {
  const { events, listener } = open().leave()

  listener.received(Buffer.alloc(100))
  t.strictSame(events, ['resumed'])
  listener.received(Buffer.alloc(1))

  t.strictSame(events, ['resumed', 'aborted', 'over undefined'])
})

t.test('one that takes too long is given up, and so are all when the process ends', async (t) => {
  const late = open({ maxMs: 20 }).leave()
  const { leave, endAll } = open()
  const [one, other] = [leave(), leave()]

  await setTimeout(100)
  endAll()

  for (const { events } of [late, one, other]) t.strictSame(events, ['resumed', 'aborted', 'over undefined'])
})

t.test('there are only so many at a time', async (t) => {
  const { leave } = open()
  const [one, two, three] = [leave(), leave(), leave()]
  one.listener.ended([])
  const four = leave()

  t.strictSame(
    [one, two, three, four].map(({ goesOn }) => goesOn),
    [true, true, false, true],
  )
})
