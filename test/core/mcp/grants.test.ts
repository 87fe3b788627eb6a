import t from 'tap'
import { parseGrantToken } from '../../../src/core/mcp/grant.ts'
import { aClient, anMcpRoute, granting } from '../../support/granting.ts'

const minute = 60_000
const issuer = 'https://tools.test'

t.test('a user has at most a hundred clients: the one that was not used for longest makes room', async (t) => {
  const { clock, grants, ada, events, issue, exchange, renew } = await granting()
  const connect = async () => {
    clock.at += minute
    return exchange(await issue())
  }
  const first = await connect()
  const second = await connect()
  for (let others = 2; others < 100; others++) await connect()
  const { refresh_token: used } = await renew(first.refresh_token)

  await connect()

  t.equal((await grants.list(ada.user)).length, 100)
  t.strictSame(
    events.filter(({ event }) => event === 'grant_ended'),
    [{ event: 'grant_ended', reason: 'the user has too many' }],
  )
  await t.rejects(renew(second.refresh_token), { code: 'invalid_grant' })
  t.ok(await renew(used), 'the first, which was used since, is still there')
})

t.test('codes that nobody comes for push out one another, and no client', async (t) => {
  const { clock, grants, ada, issue, exchange } = await granting()
  const tokens = await exchange(await issue())
  const oldest = await issue()
  clock.at += 1
  const codes: string[] = []
  for (let at = 0; at < 20; at++) codes.push(await issue())

  t.equal((await grants.list(ada.user)).length, 21)
  t.ok(tokens.access_token)
  await t.rejects(exchange(oldest), { code: 'invalid_grant' })
  t.ok(await exchange(codes[0] ?? ''))
})

type Granting = Awaited<ReturnType<typeof granting>>

const reasonsOfEnd = ({ events }: Granting) =>
  events.filter(({ event }) => event === 'grant_ended').map(({ reason }) => reason)

/** The token with another secret, of the same length. */
const altered = (token: string) => token.slice(0, -3) + (token.endsWith('AAA') ? 'BBB' : 'AAA')

t.test(
  'tokens are for the scopes that were allowed, and an access token is good for a quarter of an hour',
  async (t) => {
    const { clock, grants, ada, issue, exchange } = await granting()

    const answer = await exchange(await issue())

    const { access_token: access, refresh_token: refresh, ...rest } = answer
    t.strictSame(rest, { token_type: 'Bearer', expires_in: 900, scope: 'notes/read' })
    t.notSame(access, refresh)
    const [listed] = await grants.list(ada.user)
    t.match(listed?.grant, {
      provider: 'cognito',
      sub: 'ada',
      client: { id: 'app', name: 'An app' },
      resource: 'https://tools.test/mcp',
      counter: 1,
      code: { isUsed: true },
      accessTokens: [{ expiresAt: clock.at + 15 * minute }],
    })
  },
)

t.test('the audit says who allowed which client what', async (t) => {
  const { grants, ada, audited, issue } = await granting({ scopes: ['notes/read', 'notes/write'] })

  await issue({ scopes: ['notes/read', 'notes/write'] })

  const [listed] = await grants.list(ada.user)
  const facts = {
    user: 'cognito:ada',
    grant: listed?.id,
    client_id: 'app',
    client_name: 'An app',
    redirect_uri: 'https://app.test/callback',
    resource: 'https://tools.test/mcp',
    scope: 'notes/read notes/write',
  }
  t.strictSame(audited, [['consent_granted', facts]])
})

t.test('who has a code without all that belongs to it gets nothing, and does not spend it', async (t) => {
  const all = await granting()
  const { clock, issue, exchange } = all
  const code = await issue()
  const refused = (changes: Parameters<typeof exchange>[1], message: RegExp, presented = code) =>
    t.rejects(exchange(presented, changes), { code: 'invalid_grant', message })

  await refused({ client: aClient({ id: 'another' }) }, /no such grant/)
  await refused({ issuer: 'https://other.test' }, /no such grant/)
  await refused({ redirectUri: 'https://app.test/other' }, /redirect_uri/)
  await refused({ codeVerifier: 'another-verifier-of-forty-three-characters-x' }, /code_verifier/)
  await refused({}, /code is not known/, altered(code))
  await refused({}, /no such grant/, 'made up')
  await t.rejects(exchange(code, { isFor: (resource) => resource !== 'https://tools.test/mcp' }), {
    code: 'invalid_target',
    message: /another resource/,
  })
  clock.at += minute - 1

  t.ok(await exchange(code, { isFor: (resource) => resource === 'https://tools.test/mcp' }))
  t.strictSame(reasonsOfEnd(all), [])
})

t.test('a code is good for a minute', async (t) => {
  const { clock, issue, exchange } = await granting()
  const code = await issue()

  clock.at += minute

  await t.rejects(exchange(code), { code: 'invalid_grant' })
})

t.test('a code that comes twice ends what it gave, also when both come at once', async (t) => {
  for (const atOnce of [false, true]) {
    const all = await granting()
    const code = await all.issue()

    const first = all.exchange(code)
    if (!atOnce) await first
    const both = await Promise.allSettled([first, all.exchange(code)])

    t.strictSame(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    t.strictSame(reasonsOfEnd(all), ['code used again'])
    t.strictSame(await all.grants.list(all.ada.user), [])
  }
})

t.test('a refresh token gives the same successor for a minute; after that its return ends the grant', async (t) => {
  const all = await granting()
  const { clock, issue, exchange, renew } = all
  const first = await exchange(await issue())

  const second = await renew(first.refresh_token)
  clock.at += minute - 1
  const again = await renew(first.refresh_token)

  t.not(second.refresh_token, first.refresh_token)
  t.equal(again.refresh_token, second.refresh_token)
  t.not(again.access_token, second.access_token)
  clock.at += 1
  await t.rejects(renew(first.refresh_token), { code: 'invalid_grant', message: /used again/ })
  t.strictSame(reasonsOfEnd(all), ['refresh token used again'])
  await t.rejects(renew(second.refresh_token), { code: 'invalid_grant' })
})

t.test('the one before the last is too old at once', async (t) => {
  const all = await granting()
  const first = await all.exchange(await all.issue())
  const second = await all.renew(first.refresh_token)
  await all.renew(second.refresh_token)

  await t.rejects(all.renew(first.refresh_token), { code: 'invalid_grant' })

  t.strictSame(reasonsOfEnd(all), ['refresh token used again'])
})

t.test('two that refresh at once get the same successor', async (t) => {
  const { issue, exchange, renew } = await granting()
  const { refresh_token: token } = await exchange(await issue())

  const both = await Promise.all([renew(token), renew(token)])

  t.equal(new Set(both.map(({ refresh_token }) => refresh_token)).size, 1)
})

t.test('a refresh token that is none of ours ends nothing', async (t) => {
  const all = await granting()
  const code = await all.issue()
  const { access_token: access, refresh_token: token } = await all.exchange(code)
  const ahead = token.replace(/\.1\./, '.2.')

  for (const value of [altered(token), ahead, access, code, 'made up', '']) {
    await t.rejects(all.renew(value), { code: 'invalid_grant', message: /not known|no such grant/ }, value)
  }
  await t.rejects(all.renew(token, { client: aClient({ id: 'another' }) }), { code: 'invalid_grant' })
  await t.rejects(all.renew(token, { issuer: 'https://other.test' }), { code: 'invalid_grant' })

  t.not(ahead, token)
  t.strictSame(reasonsOfEnd(all), [])
  t.ok(await all.renew(token))
})

t.test('a refresh may name scopes of the grant, and its resource; what is refused spends nothing', async (t) => {
  const { issue, exchange, renew } = await granting()
  const { refresh_token: token } = await exchange(await issue())

  await t.rejects(renew(token, { scopes: ['notes/read', 'notes/write'] }), {
    code: 'invalid_scope',
    message: /ask the user/,
  })
  await t.rejects(renew(token, { isFor: () => false }), { code: 'invalid_target' })

  const renewed = await renew(token, { scopes: ['notes/read', 'offline_access'], isFor: () => true })
  t.equal(renewed.scope, 'notes/read')
})

t.test('a grant ends with its sign-in, and lives as long', async (t) => {
  const all = await granting()
  const { tokens, ada, held, issue, exchange, renew, grants } = all
  const { refresh_token: token } = await exchange(await issue())
  const longer = { ...held, endsAt: held.endsAt + 60 * minute }
  await tokens.writeTokens(ada.user, 'cognito', longer, { version: 1 })

  const { refresh_token: next } = await renew(token)
  const [listed] = await grants.list(ada.user)
  await tokens.writeTokens(ada.user, 'cognito', longer, { version: 2 }, { refusedBecause: 'invalid_grant' })

  t.equal(listed?.grant.endsAt, longer.endsAt)
  await t.rejects(renew(next), { code: 'invalid_grant' })
  t.strictSame(reasonsOfEnd(all), ['the sign-in ended'])
  t.equal(await issue(), '', 'nor is there a code for a new one')
})

t.test('any token of a grant revokes it, its client alone, and a code or anything else does not', async (t) => {
  for (const which of ['access_token', 'refresh_token', 'the one before'] as const) {
    const all = await granting()
    const { client, grants, issue, exchange, renew, ada } = all
    const code = await issue()
    const first = await exchange(code)
    const second = await renew(first.refresh_token)
    const value = which === 'the one before' ? first.refresh_token : second[which]

    for (const other of [code, altered(value), 'made up', '']) await grants.revoke(other, client, issuer)
    await grants.revoke(value, aClient({ id: 'another' }), issuer)
    await grants.revoke(value, client, 'https://other.test')
    t.equal((await grants.list(ada.user)).length, 1)
    await grants.revoke(value, client, issuer)

    t.strictSame(reasonsOfEnd(all), ['revoked by the client'], which)
    t.strictSame(await grants.list(ada.user), [])
  }
})

t.test('that the store is away is not taken for a token that is none', async (t) => {
  const { client, grants, store, issue, exchange } = await granting()
  const { access_token: token } = await exchange(await issue())
  t.intercept(store, 'read', { value: async () => Promise.reject(new Error('away')) })

  await t.rejects(grants.revoke(token, client, issuer), { message: 'away' })
})

t.test('a grant holds the scopes that the provider of the route granted, of those that are asked for', async (t) => {
  const { tokens, ada, held, issue, exchange } = await granting()
  const route = anMcpRoute()
  const scopesOf = async (scopes: readonly string[], provider?: string) =>
    (await exchange(await issue({ scopes, route: { ...route, provider } }))).scope
  const asked = ['notes/read', 'notes/write']

  t.equal(await scopesOf(asked), 'notes/read')
  t.equal(await scopesOf(asked, 'cognito'), 'notes/read')
  t.equal(await scopesOf([]), '')
  await t.rejects(issue({ scopes: ['notes/write'] }), { code: 'invalid_scope', message: /granted none/ })
  t.equal(await scopesOf(asked, 'crm'), 'notes/read notes/write', 'nobody has connected it yet')
  await tokens.writeTokens(ada.user, 'crm', { ...held, scopes: ['notes/write'] }, { new: true })
  t.equal(await scopesOf(asked, 'crm'), 'notes/write')
})

t.test('a grant of a code says nothing of itself but its place', async (t) => {
  const { issue } = await granting()
  const codes = [await issue(), await issue()].map(parseGrantToken)

  t.equal(codes[0]?.user, codes[1]?.user)
  t.not(codes[0]?.id, codes[1]?.id)
  t.not(codes[0]?.secret, codes[1]?.secret)
})
