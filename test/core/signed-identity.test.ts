import { createPublicKey } from 'node:crypto'
import { decodeJwt, jwtVerify } from 'jose'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { createIdentityKeys } from '../../src/core/identity-keys.ts'
import { createSignIdentity } from '../../src/core/signed-identity.ts'
import { aPassage } from '../support/passage.ts'
import { aRoute } from '../support/route.ts'

const clock = { time: 1_764_000_000_000 }
const now = () => clock.time
const { records } = createMemoryStore({ now })
const keys = createIdentityKeys({ records, keyring: createKeyring([Buffer.alloc(32, 7)]), now })
const sign = createSignIdentity({ keys, issuer: 'https://tools.test', now })
const route = aRoute({ name: 'reports', identity: 'signed' })
const ada = aPassage({ email: 'ada@acme.test', name: 'Ada', groups: ['a', 'b'], preferredUsername: 'ada' }).user

t.test('it says for whom, by whom, who it is, and for how long', async (t) => {
  const jwt = await sign(route, ada)

  const key = createPublicKey((await keys.current()).privateKey)
  const { payload, protectedHeader } = await jwtVerify(jwt, key, { currentDate: new Date(now()) })
  t.strictSame(protectedHeader, { alg: 'ES256', typ: 'JWT', kid: (await keys.current()).kid })
  t.strictSame(payload, {
    iss: 'https://tools.test',
    aud: 'reports',
    sub: 'cognito:ada',
    email: 'ada@acme.test',
    name: 'Ada',
    preferred_username: 'ada',
    groups: ['a', 'b'],
    iat: 1_764_000_000,
    exp: 1_764_000_060,
  })
})

t.test('what is not known is not there', async (t) => {
  const { iss, aud, iat, exp, ...rest } = decodeJwt(await sign(route, aPassage().user))

  t.strictSame(rest, { sub: 'cognito:ada' })
})

t.test('of an MCP client it says which one acts for the user, and with what scopes', async (t) => {
  const scopes = ['notes/read', 'notes/write']
  const grant = { id: 'one', clientId: 'app', scopes, accounts: [], opensPages: false }

  const [own, by] = [decodeJwt(await sign(route, ada)), decodeJwt(await sign(route, ada, grant))]

  t.match(by, { sub: 'cognito:ada', client_id: 'app', scope: 'notes/read notes/write', email: 'ada@acme.test' })
  t.notOk('client_id' in own || 'scope' in own, 'the user alone')
})

t.test('one token serves for half its life', async (t) => {
  const first = await sign(route, ada)
  clock.time += 29_999
  const same = await sign(route, ada)
  clock.time += 1
  const next = await sign(route, ada)

  t.equal(same, first)
  t.not(next, first)
  t.equal(decodeJwt(next).exp, clock.time / 1000 + 60)
})

t.test('another user, another route and another group have tokens of their own, at once', async (t) => {
  const jwts = [
    await sign(route, ada),
    await sign({ ...route, name: 'other' }, ada),
    await sign(route, { ...ada, key: 'cognito:grace' }),
    await sign(route, { ...ada, profile: { ...ada.profile, groups: ['a'] } }),
    await sign(route, { ...ada, profile: { ...ada.profile, email: undefined } }),
  ]

  t.equal(new Set(jwts).size, jwts.length)
})

t.test('what is too large for a header is left out', async (t) => {
  const groups = Array.from({ length: 1000 }, (_, i) => `group-${i}`)

  const jwt = await sign(route, { ...ada, profile: { ...ada.profile, groups } })

  t.match(decodeJwt(jwt), { sub: 'cognito:ada', name: 'Ada', groups: undefined })
  t.ok(jwt.length < 8192)
})
