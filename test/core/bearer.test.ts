import t from 'tap'
import { bearerOf, verifyBearer } from '../../src/core/bearer.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Provider } from '../../src/core/provider.ts'
import { aRoute } from '../support/route.ts'

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

t.test('a bearer is that of a provider whose people may enter, and whose token the upstream gets', async (t) => {
  const token = { claims: {}, scopes: [], clientId: 'x', hasUser: true }
  /** Each provider knows the tokens that begin with its name; the third cannot tell. */
  const provider = (name: string) => ({
    name,
    verifyPresented: async (bearer: string) => {
      if (name === 'third') throw new GatewayError('provider_unavailable')
      if (!bearer.startsWith(name)) throw new GatewayError('invalid_token')
      return token
    },
  })
  const providers = new Map(['first', 'second', 'third'].map((name) => [name, provider(name) as unknown as Provider]))
  const outcome = (bearer: string, route: { signIn: string[]; provider?: string }) =>
    verifyBearer(bearer, aRoute(route), providers).then(
      ({ provider: { name } }) => name,
      ({ code }) => code,
    )

  t.equal(await outcome('first', { signIn: ['first', 'second'] }), 'first')
  t.equal(await outcome('second', { signIn: ['first', 'second'] }), 'second')
  t.equal(await outcome('second', { signIn: ['first'] }), 'invalid_token')
  t.equal(await outcome('other', { signIn: ['first', 'second'] }), 'invalid_token')
  t.equal(await outcome('other', { signIn: ['first', 'third'] }), 'provider_unavailable')
  t.equal(await outcome('first', { signIn: ['first', 'second'], provider: 'second' }), 'invalid_token')
  t.equal(await outcome('second', { signIn: ['first', 'second'], provider: 'second' }), 'second')
})
