import t from 'tap'
import { remembered, rememberedText } from '../../src/core/remembered.ts'

t.test('a pair is computed once, however its second object is wrapped', async (t) => {
  const computed: string[] = []
  const join = remembered(
    (one: { name: string }, { inner }: { inner: { name: string } }) => {
      computed.push(one.name + inner.name)
      return one.name + inner.name
    },
    ({ inner }) => inner,
  )
  const [a, b, x, y] = ['a', 'b', 'x', 'y'].map((name) => ({ name })) as [Name, Name, Name, Name]

  const results = [a, b, a, b].flatMap((one) => [x, y].map((inner) => join(one, { inner })))

  t.strictSame(results, ['ax', 'ay', 'bx', 'by', 'ax', 'ay', 'bx', 'by'])
  t.strictSame(computed, ['ax', 'ay', 'bx', 'by'])
})

t.test('equal objects are not the same', async (t) => {
  let computed = 0
  const count = remembered(
    (_one: object, _other: object) => ++computed,
    (other) => other,
  )
  const one = {}

  t.strictSame([count(one, {}), count(one, {}), count({}, {})], [1, 2, 3])
})

t.test('of texts only so many are remembered', async (t) => {
  const computed: string[] = []
  const upper = rememberedText(2, (text) => {
    computed.push(text)
    return text.toUpperCase()
  })

  t.strictSame(['a', 'b', 'a', 'b', 'c', 'a'].map(upper), ['A', 'B', 'A', 'B', 'C', 'A'])
  t.strictSame(computed, ['a', 'b', 'c', 'a'])
})

interface Name {
  readonly name: string
}
