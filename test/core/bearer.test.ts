import t from 'tap'
import { bearerOf } from '../../src/core/bearer.ts'

t.test('a bearer token is read as RFC 6750 section 2.1 writes it', async (t) => {
  const cases = [
    ['Bearer a.b-c_~+/9==', 'a.b-c_~+/9=='],
    ['bEARER  abc', 'abc'],
    // There, and not well formed: no credential of another kind.
    ['Bearer', ''],
    ['Bearer ', ''],
    ['Bearer a b', ''],
    ['Bearer a, Basic b', ''],
    ['Bearer,a', ''],
    ['Bearer\ta', ''],
    ['Bearer "a"', ''],
    ['Bearer a=b', ''],
    ['Bearer ä', ''],
    // Of another scheme, or not there.
    [undefined, undefined],
    ['', undefined],
    ['Basic YTpi', undefined],
    ['Bearers a', undefined],
    ['Bearer-Token a', undefined],
    ['BearerToken', undefined],
    ['Basic Bearer', undefined],
  ] as const

  for (const [header, expected] of cases) t.equal(bearerOf(header), expected, String(header))
})
