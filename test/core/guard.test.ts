import t from 'tap'
import { GatewayError } from '../../src/core/errors.ts'
import { createGuard, type GuardedRequest } from '../../src/core/guard.ts'
import type { HeldTokens } from '../../src/core/held-records.ts'
import { displayName } from '../../src/core/identity.ts'
import { ScopeError } from '../../src/core/passage.ts'
import type { PresentedToken, Provider } from '../../src/core/provider.ts'
import type { GuardedRoute } from '../../src/core/route.ts'
import type { HeldSession } from '../../src/core/user-store.ts'
import { aGrant } from '../support/grant.ts'
import { aPassage, heldTokens } from '../support/passage.ts'
import { aRoute, mcpRules } from '../support/route.ts'

const hour = 3_600_000
const claimNames = { user: 'sub', email: 'email', name: 'name', groups: 'groups' }
const page: GuardedRequest = {
  method: 'GET',
  headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' },
  origin: 'https://tools.test',
  cookie: 'ada',
}
const nobody = { ...page, cookie: undefined }
const crossSite = { ...page, headers: { origin: 'https://app.test', 'sec-fetch-site': 'cross-site' } }

const held = (provider: string, set: Partial<HeldTokens['set']> = {}): HeldTokens => {
  const tokens = heldTokens()
  return { ...tokens, provider, set: { ...tokens.set, claims: { sub: 'ada', groups: ['analysts'] }, ...set } }
}

interface Given {
  readonly sessions?: Readonly<Record<string, readonly HeldTokens[]>>
  readonly fresh?: (tokens: HeldTokens) => Promise<HeldTokens>
  readonly presented?: Partial<PresentedToken>
  readonly touch?: () => Promise<void>
  /** Providers that the config has; `cognito` and `crm` unless told otherwise. */
  readonly configured?: readonly string[]
  /** The providers whose accounts the client may use. */
  readonly accounts?: readonly string[]
}

/** A guard over fakes: sessions by cookie, each with its token sets, that of the sign-in first. */
function guard(given: Given = {}) {
  const { sessions = { ada: [held('cognito'), held('crm')] }, fresh, presented, touch } = given
  const { configured = ['cognito', 'crm'], accounts = ['crm'] } = given
  const events: string[] = []
  const asked: string[][] = []
  const grantsAsked: unknown[] = []
  const clock = { at: Date.parse('2026-01-01') }
  let touches = 0
  const provider = (name: string) =>
    ({
      ...{ name, title: name.toUpperCase(), scopes: ['openid'], claimNames, trustUnverifiedEmail: true },
      verifyPresented: async () => {
        if (presented === undefined) throw new GatewayError('invalid_token')
        return { claims: { sub: 'ada' }, scopes: [], clientId: 'app', hasUser: true, ...presented }
      },
    }) as unknown as Provider
  const { admit, identify } = createGuard({
    store: {
      async readSession(cookie, names, confirmedWithinMs) {
        asked.push([...names, ...(confirmedWithinMs === undefined ? [] : [`${confirmedWithinMs} ms`])])
        const sets = sessions[cookie ?? ''] ?? []
        const [signIn] = sets
        if (signIn === undefined) return undefined
        const session = { provider: signIn.provider, sub: 'ada', createdAt: 0, endsAt: clock.at + 30 * 24 * hour }
        const tokens = new Map(
          sets.filter(({ provider }) => names.includes(provider)).map((set) => [set.provider, set]),
        )
        return { user: 'hash', name: `s:${cookie}`, session, endsAt: session.endsAt, tokens } as HeldSession
      },
      async touchSession() {
        touches++
        await touch?.()
      },
    },
    async granted({ accessToken, resource, providers: names, opensPages: _, ...how }) {
      asked.push([...names])
      grantsAsked.push(how)
      const sets = (sessions.ada ?? []).filter(({ provider }) => names.includes(provider))
      if (accessToken !== 'granted' || resource !== 'https://tools.test/mcp') return undefined
      const tokens = new Map(sets.map((set) => [set.provider, set]))
      return { user: 'hash', id: 'one', version: 1, grant: aGrant({ accounts }), endsAt: clock.at + hour, tokens }
    },
    freshTokens: async (tokens) => (fresh === undefined ? tokens : fresh(tokens)),
    isNewest: () => true,
    staysFreshUntil: () => clock.at + hour,
    providers: new Map(configured.map((name) => [name, provider(name)])),
    publicUrl: 'https://tools.test',
    idleMs: 12 * hour,
    now: () => clock.at,
    audit: (event, facts) => void events.push(`${event} ${facts.user} ${facts.route}`),
  })
  return { admit, identify, events, asked, grantsAsked, clock, touches: () => touches }
}

const route = (more: Partial<GuardedRoute> = {}) => aRoute(more as object) as GuardedRoute
const allow = { groups: undefined, emails: undefined, emailDomains: undefined, claims: undefined, clients: undefined }
const ended = async () => {
  throw new GatewayError('session_ended')
}

/** The code of the refusal; `undefined` when there is none. */
async function refusal(admitting: Promise<unknown>): Promise<string | undefined> {
  const error = await admitting.then(
    () => undefined,
    (failure) => failure,
  )
  return error?.code
}

t.test('nobody is asked on a public route, and nothing is looked up', async (t) => {
  const { admit, asked } = guard()

  t.equal(await admit(route({ access: 'public' }), page), undefined)
  t.strictSame(asked, [])
})

t.test('without a session: refused, or let in as nobody where that is allowed', async (t) => {
  for (const request of [nobody, { ...page, cookie: 'unknown' }]) {
    t.equal(await refusal(guard().admit(route(), request)), 'sign_in_required')
    t.equal(await guard().admit(route({ access: 'optional' }), request), undefined)
  }
})

t.test('a session can be wanted as the store had it a moment ago', async (t) => {
  const { admit, asked } = guard()

  await admit(route(), page, { confirmedWithinMs: 9 })

  t.strictSame(asked, [['cognito', '9 ms']])
})

t.test('who is signed in passes, with the tokens of the sign-in', async (t) => {
  const { admit, asked } = guard()

  const passage = await admit(route(), page)

  t.match(passage, { user: { key: 'cognito:ada', provider: 'cognito' }, tokens: { provider: 'cognito' } })
  t.strictSame(asked, [['cognito']])
})

t.test('a session of a provider that may not enter is none', async (t) => {
  const sessions = { ada: [held('crm'), held('cognito')] }
  const theirs = { signIn: ['cognito'], provider: 'crm' }

  t.equal(await refusal(guard({ sessions }).admit(route(theirs), page)), 'sign_in_required')
  t.equal(await guard({ sessions }).admit(route({ ...theirs, access: 'optional' }), page), undefined)
  t.match(await guard({ sessions }).admit(route({ signIn: ['cognito', 'crm'] }), page), { user: { provider: 'crm' } })
})

t.test('a session without its sign-in tokens is none', async (t) => {
  const { admit } = guard({ sessions: { ada: [held('gone')] } })

  t.equal(await refusal(admit(route({ signIn: ['gone'] }), page)), 'sign_in_required')
  t.equal(await refusal(guard({ sessions: { ada: [held('crm')] } }).admit(route(), page)), 'sign_in_required')
})

t.test('a sign-in that ended is said so, or as nobody where that is allowed; all else stays a failure', async (t) => {
  const away = async () => {
    throw new GatewayError('provider_unavailable')
  }

  t.equal(await refusal(guard({ fresh: ended }).admit(route(), page)), 'session_ended')
  t.equal(await guard({ fresh: ended }).admit(route({ access: 'optional' }), page), undefined)
  t.equal(await refusal(guard({ fresh: away }).admit(route({ access: 'optional' }), page)), 'provider_unavailable')
})

t.test('rules refuse who is signed in, by name, and the audit hears of it', async (t) => {
  const { admit, events } = guard()
  const operators = route({ name: 'tool', allow: { ...allow, groups: ['operators'] } })

  await t.rejects(admit(operators, page), { code: 'access_denied', signedInAs: 'ada' })
  t.strictSame(events, ['access_denied cognito:ada tool'])
  t.equal(await refusal(admit({ ...operators, access: 'optional' }, page)), 'access_denied')
  t.ok(await admit(route({ allow: { ...allow, groups: ['analysts'] } }), page))
  t.equal(events.length, 2)
})

t.test('a page of another origin is nobody, or refused where it would change something', async (t) => {
  t.equal(await refusal(guard().admit(route(), crossSite)), 'sign_in_required')
  t.equal(await refusal(guard().admit(route(), { ...crossSite, method: 'POST' })), 'cross_site')
  t.equal(
    await refusal(guard().admit(route(), { ...crossSite, method: 'POST', cookie: undefined })),
    'sign_in_required',
  )
  const cors = { origins: ['https://app.test'], credentials: true }
  t.ok(await guard().admit(route({ cors }), { ...crossSite, method: 'POST' }))
  t.equal(await refusal(guard().admit(route({ cors: { ...cors, credentials: false } }), crossSite)), 'sign_in_required')
})

t.test("another provider's tokens go along where the route says so, and are missed where they are not", async (t) => {
  const both = route({ provider: 'crm' })
  const refused = (tokens: HeldTokens) => (tokens.provider === 'crm' ? ended() : Promise.resolve(tokens))
  const away = async (tokens: HeldTokens) => {
    if (tokens.provider === 'crm') throw new GatewayError('provider_unavailable')
    return tokens
  }
  const { admit, asked } = guard()

  t.match(await admit(both, page), { user: { provider: 'cognito' }, tokens: { provider: 'crm' } })
  t.strictSame(asked, [['cognito', 'crm']])
  t.match(await admit(route({ provider: 'cognito' }), page), { tokens: { provider: 'cognito' } })
  const alone = guard({ sessions: { ada: [held('cognito')] } })
  await t.rejects(alone.admit(both, page), { code: 'connection_required', provider: { name: 'crm', title: 'CRM' } })
  await t.rejects(guard({ fresh: refused }).admit(both, page), {
    code: 'connection_required',
    provider: { name: 'crm' },
  })
  t.equal(await refusal(guard({ fresh: away }).admit(both, page)), 'provider_unavailable')
})

t.test('scopes that the token lacks are asked for, with all it has and all that sign-ins ask for', async (t) => {
  const scoped = route({ scopes: ['a', 'b'] })
  const sessions = { ada: [held('cognito', { scopes: ['a', 'c'] })] }

  const error = await guard({ sessions })
    .admit(scoped, page)
    .catch((failure: unknown) => failure)

  t.ok(error instanceof ScopeError)
  t.match(error, {
    code: 'insufficient_scope',
    scopes: ['a', 'b'],
    missing: ['b'],
    signedInAs: 'ada',
    start: { purpose: 'step_up', provider: 'cognito', session: { user: 'hash', name: 's:ada' } },
  })
  t.same(new Set((error as ScopeError).start.scopes), new Set(['openid', 'a', 'c', 'b']))
  t.ok(await guard({ sessions: { ada: [held('cognito', { scopes: ['b', 'a'] })] } }).admit(scoped, page))
})

/** The same with a bearer. */
const bearing = (authorization: string, more: Partial<GuardedRequest> = {}): GuardedRequest => ({
  ...page,
  ...more,
  headers: { authorization },
})
const api = (more: Partial<GuardedRoute> = {}) => route({ accept: ['session', 'provider_token'], ...more })

t.test('a bearer that is presented decides alone; none leaves it to the session', async (t) => {
  const good = guard({ presented: {} })

  const passage = await good.admit(api(), bearing('Bearer good'))

  t.match(passage, { user: { key: 'cognito:ada' }, tokens: { presented: true, set: { accessToken: 'good' } } })
  t.equal(await refusal(guard().admit(api(), bearing('Bearer bad'))), 'invalid_token')
  t.equal(await refusal(guard().admit(api({ access: 'optional' }), bearing('Bearer bad'))), 'invalid_token')
  t.ok(await guard().admit(api(), page))
  t.ok(await guard().admit(route(), { ...page, headers: { ...page.headers, authorization: 'Bearer bad' } }))
  t.strictSame(good.asked, [])
})

t.test('where only bearers count a session does not', async (t) => {
  const only = api({ accept: ['provider_token'] })

  t.equal(await refusal(guard().admit(only, page)), 'token_required')
  t.equal(await guard().admit({ ...only, access: 'optional' }, page), undefined)
})

t.test('a bearer names somebody, keeps the rules and has the scopes', async (t) => {
  const presenting = (presented: Partial<PresentedToken>, more: Partial<GuardedRoute> = {}) =>
    guard({ presented }).admit(api(more), bearing('Bearer good', { cookie: undefined }))

  t.equal(await refusal(presenting({ claims: {}, clientId: undefined })), 'invalid_token')
  t.equal(await refusal(presenting({}, { allow: { ...allow, groups: ['analysts'] } })), 'access_denied')
  await t.rejects(presenting({ scopes: ['a'] }, { scopes: ['a', 'b'] }), {
    code: 'insufficient_scope',
    scopes: ['a', 'b'],
    signedInAs: 'ada',
  })
  t.ok(await presenting({ scopes: ['b', 'a'] }, { scopes: ['a', 'b'] }))
})

t.test('a client that acts for itself passes only where it is listed', async (t) => {
  const machine = { hasUser: false, claims: {}, clientId: 'app' }
  const presenting = (more: Partial<GuardedRoute>) =>
    guard({ presented: machine }).admit(api(more), bearing('Bearer good', { cookie: undefined }))

  t.equal(await refusal(presenting({})), 'access_denied')
  t.equal(await refusal(presenting({ allow: { ...allow, clients: ['other'] } })), 'access_denied')
  t.match(await presenting({ allow: { ...allow, clients: ['app'] } }), { user: { key: 'cognito:app' } })
})

t.test('a session that is used lives on: the store hears of it once in a while', async (t) => {
  const { admit, clock, touches } = guard()

  await admit(route(), page)
  clock.at += (12 * hour) / 20 - 1
  await admit(route(), page)
  t.equal(touches(), 1)
  clock.at += 1
  await admit(route(), page)
  t.equal(touches(), 2)
})

t.test('each session is kept alive by its own use', async (t) => {
  const { admit, touches } = guard({ sessions: { ada: [held('cognito')], grace: [held('cognito')] } })

  for (const cookie of ['ada', 'grace', 'ada', 'grace']) await admit(route(), { ...page, cookie })

  t.equal(touches(), 2)
})

t.test('a user is called by address, name, user name or sub, whichever is known first', async (t) => {
  const all = { email: 'ada@acme.test', name: 'Ada', preferredUsername: 'al' }
  const called = (profile: Partial<typeof all>) =>
    displayName({ ...aPassage().user, profile: { ...aPassage().user.profile, ...profile } })

  t.equal(called(all), 'ada@acme.test')
  t.equal(called({ name: 'Ada', preferredUsername: 'al' }), 'Ada')
  t.equal(called({ preferredUsername: 'al' }), 'al')
  t.equal(called({}), 'ada')
})

t.test('what the store did not hear is said again, and nobody waits or fails for it', async (t) => {
  const { admit, touches } = guard({ touch: async () => Promise.reject(new GatewayError('store_unavailable')) })

  await admit(route(), page)
  await admit(route(), page)

  t.equal(touches(), 2)
})

t.test('who only wants to leave need not wait for fresh tokens', async (t) => {
  const { identify } = guard({ fresh: ended })

  t.match(await identify(page, ['cognito'], { asStored: true }), { key: 'cognito:ada' })
  t.equal(await refusal(identify(page, ['cognito'])), 'session_ended')
})

t.test('who only looks is told who it is, and keeps no session alive', async (t) => {
  const { identify, touches } = guard()

  t.match(await identify(page, ['cognito'], { isUse: false }), { key: 'cognito:ada' })

  t.equal(touches(), 0)
})

t.test('when a session ends, unless it is used again, is told with the user', async (t) => {
  const { identify, clock } = guard()

  t.equal((await identify(page, ['cognito', 'cognito']))?.sessionEndsAt, clock.at + 12 * hour)
})

const mcp = mcpRules()
const mcpRoute = (more: Partial<GuardedRoute> = {}) => route({ accept: ['grant'], mcp, ...more })
const withBearer = (token: string) => ({ ...nobody, headers: { authorization: `Bearer ${token}` } })

t.test('with a token of ours a client acts for its user, with that user’s tokens', async (t) => {
  const { admit, asked } = guard()

  const passage = await admit(mcpRoute({ provider: 'crm' }), withBearer('granted'))

  t.match(passage, {
    user: { key: 'cognito:ada', clientId: 'app' },
    tokens: { provider: 'crm' },
    grant: { id: 'one', clientId: 'app', scopes: ['notes/read'] },
  })
  t.strictSame(asked, [['cognito', 'crm']])
})

t.test('a token of ours that is no good is refused, whatever cookie came with it', async (t) => {
  const cookie = { ...page, headers: { ...page.headers, authorization: 'Bearer other' } }
  const both = mcpRoute({ accept: ['session', 'grant'] })

  t.equal(await refusal(guard().admit(both, cookie)), 'invalid_token')
  t.equal(await refusal(guard().admit(mcpRoute(), page)), 'token_required')
  t.equal(await refusal(guard().admit(both, nobody)), 'token_required', 'no sign-in is offered to a client')
  t.match(await guard().admit(both, page), { user: { key: 'cognito:ada' }, grant: undefined })
  t.equal(await refusal(guard().admit(mcpRoute({ signIn: ['crm'] }), withBearer('granted'))), 'invalid_token')
})

t.test('a grant is as good as the sign-in, the rules and its scopes', async (t) => {
  const admitWith = (given: Given, more: Partial<GuardedRoute> = {}) =>
    refusal(guard(given).admit(mcpRoute(more), withBearer('granted')))

  t.equal(await admitWith({ fresh: ended }), 'invalid_token', 'its token set ended')
  t.equal(await admitWith({ sessions: {} }), 'invalid_token', 'its token set is gone')
  t.equal(await admitWith({}, { allow: { ...allow, groups: ['operators'] } }), 'access_denied')
  t.equal(await admitWith({}, { allow: { ...allow, clients: ['another'] } }), 'access_denied')
  t.equal(await admitWith({}, { mcp: { ...mcp, scopes: ['notes/read', 'notes/write'] } }), 'insufficient_scope')
  t.equal(await admitWith({}, { scopes: ['reports/read'] }), 'insufficient_scope', 'of the provider')
  t.equal(await admitWith({ sessions: { ada: [held('cognito')] } }, { provider: 'crm' }), 'connection_required')
})

t.test('what is open to all needs no token, and a token that comes with it has to be good', async (t) => {
  const open = { demand: { isOpen: true, scopes: [] } }
  const closed = { demand: { isOpen: false, scopes: [] } }

  t.equal(await guard().admit(mcpRoute(), nobody, open), undefined)
  t.equal(await refusal(guard().admit(mcpRoute(), nobody, closed)), 'token_required')
  t.equal(await refusal(guard().admit(mcpRoute(), withBearer('other'), open)), 'invalid_token')
})

t.test('a client is told all scopes that it needs, and in whose name it asked', async (t) => {
  const demand = { isOpen: false, scopes: ['notes/read', 'notes/write'] }

  await t.rejects(guard().admit(mcpRoute(), withBearer('granted'), { demand }), {
    code: 'insufficient_scope',
    scopes: ['notes/read', 'notes/write'],
    signedInAs: 'ada',
  })
})

t.test('a grant of a provider that the config has no longer is none', async (t) => {
  const { admit } = guard({ configured: ['crm'] })

  t.equal(await refusal(admit(mcpRoute(), withBearer('granted'))), 'invalid_token')
})

t.test(
  'a token is as good as it was, for what was open before; a new request has to show one that is good now',
  async (t) => {
    const { admit, asked, grantsAsked } = guard()

    await admit(mcpRoute(), withBearer('granted'))
    await admit(mcpRoute(), withBearer('granted'), { isUse: false, confirmedWithinMs: 9 })

    t.strictSame(grantsAsked, [
      { wasGood: false, confirmedWithinMs: undefined },
      { wasGood: true, confirmedWithinMs: 9 },
    ])
    t.strictSame(asked, [['cognito'], ['cognito']])
  },
)

t.test('an account is used for a client whose consent named it, while it has what the route needs', async (t) => {
  const crm = { ...mcpRoute({ provider: 'crm' }), scopes: ['contacts.read'] }
  const sessions = { ada: [held('cognito'), held('crm', { scopes: ['contacts.read'] })] }
  const admitWith = (given: Given) => guard(given).admit(crm, withBearer('granted'))

  t.match(await admitWith({ sessions }), { tokens: { provider: 'crm' } })
  for (const given of [{ sessions, accounts: [] }, {}]) {
    const error = await admitWith(given).catch((failure) => failure)
    t.match(error, { code: 'connection_required', user: { key: 'cognito:ada' }, route: 'tool', grant: { id: 'one' } })
  }
})
