import t from 'tap'
import type { Grant } from '../../../src/core/mcp/grant.ts'
import type { HeldGrant } from '../../../src/core/mcp/grant-store.ts'
import { createGranted } from '../../../src/core/mcp/granted.ts'
import { sha256 } from '../../../src/core/secret.ts'
import { aGrant, secretOf } from '../../support/grant.ts'

const user = 'u'.repeat(22)
const id = 'g'.repeat(22)
const resource = 'https://tools.test/mcp'
const accessToken = `${user}.${id}.${secretOf('access')}`

function open(grant = aGrant()) {
  const clock = { at: 1_000 }
  const asked: string[] = []
  const changed: object[] = []
  const granted = createGranted({
    async read(key = '', providers) {
      asked.push(`${key} ${providers.join()}`)
      const held: HeldGrant = { user, id, version: 1, grant, endsAt: grant.endsAt, tokens: new Map() }
      return key === `${user}.${id}` ? held : undefined
    },
    async change(place, changes) {
      changed.push({ ...place, ...changes(grant) })
    },
    now: () => clock.at,
    audit: (_event, { reason }) => void asked.push(reason ?? ''),
  })
  return { granted, clock, asked, changed }
}

t.test('an access token leads to its grant in one reading', async (t) => {
  const { granted, asked } = open()

  t.match(await granted({ accessToken, resource, providers: ['cognito', 'crm'] }), { id, grant: { sub: 'ada' } })
  t.strictSame(asked, [`${user}.${id} cognito,crm`])
})

t.test('what is not of our making is no token, and nothing is read for it', async (t) => {
  const { granted, asked } = open()
  const others = ['', 'x', `${user}.${id}`, `${accessToken}x`, ` ${accessToken}`, `${user}.${id}.${secretOf('a')}.x`]

  for (const other of others) t.equal(await granted({ accessToken: other, resource, providers: [] }), undefined, other)
  t.strictSame(asked, [])
})

t.test('a token of another grant, another secret or a refresh token is no access token', async (t) => {
  const { granted } = open()
  const others = [
    accessToken.replace(id, 'h'.repeat(22)),
    accessToken.replace('access', 'accese'),
    `${user}.${id}.1.${secretOf('access')}`,
    `${user}.${id}.${secretOf('code')}`,
  ]

  for (const other of others) t.equal(await granted({ accessToken: other, resource, providers: [] }), undefined, other)
})

t.test('a token for one resource is no good at another', async (t) => {
  const { granted } = open()
  const others = ['https://other.test/mcp', 'https://tools.test/mcp2', 'https://tools.test', 'https://tools.test/mcp/']

  for (const other of others) t.equal(await granted({ accessToken, resource: other, providers: [] }), undefined, other)
})

t.test('a token is over at its end; what it let in may go on', async (t) => {
  const { granted, clock } = open(aGrant({ accessTokens: [{ hash: sha256(secretOf('access')), expiresAt: 5_000 }] }))
  const presented = { accessToken, resource, providers: [] }

  clock.at = 4_999
  t.ok(await granted(presented))
  clock.at = 5_000
  t.equal(await granted(presented), undefined)
  t.ok(await granted({ ...presented, wasGood: true }))
})

t.test('a token that another replica has just given is looked for once more, in what the store has now', async (t) => {
  const held = (grant: Grant): HeldGrant => ({ user, id, version: 1, grant, endsAt: grant.endsAt, tokens: new Map() })
  const asked: unknown[] = []
  const granted = createGranted({
    async read(_key, _providers, confirmedWithinMs) {
      asked.push(confirmedWithinMs)
      return held(confirmedWithinMs === 0 ? aGrant() : aGrant({ accessTokens: [] }))
    },
    change: async () => undefined,
    now: () => 1_000,
    audit: () => undefined,
  })

  t.ok(await granted({ accessToken, resource, providers: [] }))
  t.strictSame(asked, [undefined, 0])
  t.equal(await granted({ accessToken: accessToken.replace('access', 'accese'), resource, providers: [] }), undefined)
})

t.test('what a client says of itself is kept in its grant when it is new; that this fails is no failure', async (t) => {
  const presented = { accessToken, resource, providers: [] }
  const { granted, changed } = open(aGrant({ opensPages: true }))

  for (const opensPages of [undefined, true]) await granted({ ...presented, opensPages })
  t.strictSame(changed, [])
  await granted({ ...presented, opensPages: false })
  await granted({ ...presented, accessToken: 'no token', opensPages: false })
  t.match(changed, [{ user, id, opensPages: false }])
  t.equal(changed.length, 1)

  const away = createGranted({
    read: async () => ({ user, id, version: 1, grant: aGrant(), endsAt: 1, tokens: new Map() }),
    change: async () => Promise.reject(new Error('the store is away')),
    now: () => 1_000,
    audit: () => undefined,
  })
  t.ok(await away({ ...presented, opensPages: true }))
})
