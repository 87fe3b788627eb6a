import fc from 'fast-check'
import t from 'tap'
import { memberNames } from '../../../src/core/mcp/member-names.ts'

t.test('the names at the top and in params are told, as they come, each as often as it comes', async (t) => {
  const cases: [string, readonly string[], readonly string[]][] = [
    ['{}', [], []],
    ['{"a":1,"a":2}', ['a', 'a'], []],
    ['{ "params" : { "name" : "x" , "name" :\n"y" } }', ['params'], ['name', 'name']],
    ['{"par\\u0061ms":{"n\\u0061me":1}}', ['params'], ['name']],
    ['{"params":{"a":{"b":1},"c":[{"d":1}]},"e":{"f":1}}', ['params', 'e'], ['a', 'c']],
    ['{"params":["a",{"b":1}],"params":{"c":1}}', ['params', 'params'], ['c']],
    ['{"a":"\\"b\\":","c\\\\":"\\\\","d":"}{"}', ['a', 'c\\', 'd'], []],
  ]

  for (const [text, top, params] of cases) t.strictSame(memberNames(text), { top, params }, text)
})

t.test('whatever an object holds, its names are those that a parser finds', async () => {
  const value = fc.jsonValue({ maxDepth: 4 })
  // V8 14 reads {"\""} as {"\\"} where it has seen that before: what it finds is no measure then.
  const name = fc.oneof(fc.string(), fc.constantFrom('params', 'name', '{', ':')).filter((name) => !/["\\]/.test(name))
  const object = fc.dictionary(name, value)
  fc.assert(
    fc.property(object, object, fc.constantFrom(undefined, 1, '\t'), (rest, params, indent) => {
      const text = JSON.stringify({ ...rest, params }, null, indent)
      const names = memberNames(text)

      const keys = (of: object) => JSON.stringify(Object.keys(of))
      const read = JSON.parse(text)
      return JSON.stringify(names.top) === keys(read) && JSON.stringify(names.params) === keys(read.params)
    }),
    { numRuns: 500 },
  )
})
