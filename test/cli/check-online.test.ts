import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { checkOnline } from '../../src/compose/check.ts'
import { parseConfig } from '../../src/config/load.ts'
import type { Finding } from '../../src/core/finding.ts'
import { certificate, certificateFile } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis.ts'
import { type ConfigPatch, startParts } from '../support/stack.ts'
import { toolgate } from '../support/toolgate.ts'

const { control, cognito, echo, origin, yaml } = await startParts(t)
const callback = `${origin}/oauth/callback`
const port = new URL(origin).port
const provider = yaml.providers.cognito
const client = '1localexample'

t.afterEach(() => control.reset())

/** Runs `check` on a config and gives its findings. */
async function check(t: Test, patch: ConfigPatch = {}, ...options: string[]) {
  const file = join(t.testdir({ 'a.yaml': stringify({ ...yaml, ...patch }) }), 'a.yaml')
  const { exitCode, out, err } = await toolgate('check', '-c', file, '--json', ...options)
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: readonly Finding[] }
  const withStatus = (status: string) => findings.filter((finding) => finding.status === status)
  return { exitCode, out, err, ok, findings, problems: withStatus('problem'), withStatus }
}

const withProvider = (patch: ConfigPatch) => ({ providers: { cognito: { ...provider, ...patch } } })
const loginPages = /AWS console: Cognito > User pools > us-east-1_LocalPool > App clients > 1localexample > Login pages/

t.test('nothing is found when all is right', async (t) => {
  const { exitCode, ok, err, findings } = await check(t)

  t.match({ exitCode, ok, err }, { exitCode: 0, ok: true, err: '' })
  t.strictSame(
    findings.filter(({ status }) => status !== 'ok'),
    [],
  )
  t.equal(findings.filter(({ subject }) => subject === 'provider cognito').length, 9)
  t.equal(findings.filter(({ subject }) => subject === 'upstreams').length, yaml.routes.length)
})

/** Each way to be wrong: how, and what must be found. */
interface Row {
  readonly client?: ConfigPatch
  readonly pool?: ConfigPatch
  readonly config?: ConfigPatch
  readonly found: { readonly [Key in keyof Finding]?: Finding[Key] | RegExp }
}

const callbackFound = (registered: string, difference: string) => ({
  question: 'Is the callback URL registered?',
  answer: `No: the error page says "redirect_mismatch". ${callback} is not registered; ${registered} is, it differs in ${difference}.`,
  remedy: /^Add exactly this/,
  paste: callback,
  where: loginPages,
})
const elsewhere = `http://127.0.0.1:3000/oauth/callback/`

const rows: Readonly<Record<string, Row>> = {
  'the callback differs by a slash': {
    client: { callback_urls: [`${callback}/`] },
    found: callbackFound(`${callback}/`, 'the slash at the end'),
  },
  'the callback differs by letter case': {
    client: { callback_urls: [`${origin}/OAuth/Callback`] },
    found: callbackFound(`${origin}/OAuth/Callback`, 'letter case'),
  },
  'the callback differs by the port': {
    client: { callback_urls: ['http://localhost:3000/oauth/callback'] },
    found: callbackFound('http://localhost:3000/oauth/callback', 'the port'),
  },
  'the callback differs by the scheme': {
    client: { callback_urls: [callback.replace('http:', 'https:')] },
    found: callbackFound(callback.replace('http:', 'https:'), 'the scheme (http or https)'),
  },
  'the callback differs by the name of this machine': {
    client: { callback_urls: [`http://127.0.0.1:${port}/oauth/callback`] },
    found: callbackFound(`http://127.0.0.1:${port}/oauth/callback`, 'the host'),
  },
  'the callback differs in several things': {
    client: { callback_urls: [elsewhere] },
    found: callbackFound(elsewhere, 'the host and the port and the slash at the end'),
  },
  'the callback differs in a way nobody guesses': {
    client: { callback_urls: ['https://elsewhere.acme.io/cb'] },
    found: { question: /callback/, answer: /how the registered one differs is unknown/, paste: callback },
  },
  'the client is unknown': {
    config: withProvider({ client_id: '1unknown' }),
    found: {
      question: 'Is the client ID known?',
      answer: /"invalid_request". Either there is no client 1unknown .* or its identity provider is off/,
      remedy: /client_id .* identity provider COGNITO/,
      where: 'AWS console: Cognito > User pools > us-east-1_LocalPool > App clients > Client ID',
    },
  },
  'the identity provider is off': {
    config: withProvider({ authorize_params: { identity_provider: 'Okta' } }),
    found: { question: /identity provider/, answer: /the client itself is known/, remedy: /Okta/, where: loginPages },
  },
  'the code flow is off': {
    client: { flows: ['implicit'] },
    found: {
      question: 'Is the authorization code flow on?',
      answer: /"unauthorized_client"/,
      remedy: /authorization code grant/,
      where: loginPages,
    },
  },
  'OAuth is off': {
    client: { oauth: false },
    found: {
      question: 'Is OAuth on for the app client?',
      answer: /Either OAuth is off .*, or the callback URL is not registered/,
      remedy: /Choose the authorization code grant/,
      paste: callback,
      where: loginPages,
    },
  },
  'one scope is not enabled': {
    client: { scopes: ['openid', 'profile'] },
    found: {
      question: 'Are the scopes enabled?',
      answer: /"invalid_scope"\. Asked one by one, not enabled: email\.$/,
      remedy: /^Enable email /,
      where: loginPages,
    },
  },
  'a scope that only a route asks for is not enabled': {
    config: { routes: [{ name: 'tool', path: '/tool', upstream: echo.url, scopes: ['reports/write'] }] },
    found: {
      question: 'Are the scopes enabled?',
      answer: /not enabled: reports\/write\.$/,
      remedy: /the route that asks for it/,
    },
  },
  'openid is not enabled, so nothing can be said of email': {
    client: { scopes: ['email', 'profile'] },
    found: { question: /scopes/, answer: /not enabled: openid\. Could not tell of: profile email\./ },
  },
  'the secret is missing': {
    config: withProvider({ client_secret: undefined }),
    found: {
      question: 'Is the client secret right?',
      answer: /missing.*invalid_client, invalid_client_secret/,
      remedy: 'Copy the client secret into providers.cognito.client_secret.',
      where: /Show client secret/,
    },
  },
  'the secret is wrong': {
    config: withProvider({ client_secret: 'another-secret' }),
    found: {
      question: 'Is the client secret right?',
      answer: /invalid_client: the app client has another secret/,
      remedy: 'Copy the client secret into providers.cognito.client_secret.',
      where: /Show client secret/,
    },
  },
  'a public client is given a secret': {
    config: withProvider({ client_id: '1localpublic' }),
    found: {
      question: 'Is the client secret right?',
      answer: /the app client has no secret/,
      remedy: /^Remove providers.cognito.client_secret/,
      where: /App clients > 1localpublic$/,
    },
  },
  'the branding is missing': {
    client: { branding: false },
    found: {
      question: 'Can the sign-in page be used?',
      answer: /403, "Login pages unavailable".*no branding style/,
      remedy: /Create a style/,
      where: /Branding > Managed login/,
    },
  },
  'the pool has no domain': {
    pool: { domain: false },
    found: {
      question: 'Do the user pool and the domain belong together?',
      answer: /The user pool has no domain/,
      remedy: /Create a domain/,
      where: 'AWS console: Cognito > User pools > us-east-1_LocalPool > Branding > Domain',
    },
  },
  'there is no such pool': {
    config: withProvider({ issuer: `${cognito.issuer}x` }),
    found: { answer: /no such user pool/, remedy: /user_pool_id/, where: /Overview > User pool ID/ },
  },
  'the domain is of another pool': {
    config: withProvider({ domain: echo.url, token_endpoint: `${cognito.domain}/oauth2/token`, sign_out: 'local' }),
    found: {
      question: 'Do the user pool and the domain belong together?',
      answer: `No: the pool announces ${cognito.domain}, the config has ${echo.url}.`,
      paste: cognito.domain,
    },
  },
  'the sign-out URL is not registered': {
    client: { logout_urls: [`${origin}/oauth/signed-out/`] },
    found: {
      question: 'Is the sign-out URL registered?',
      answer: /is not registered\. http:\S+\/signed-out\/ is, it differs in the slash at the end/,
      paste: `${origin}/oauth/signed-out`,
      where: /Allowed sign-out URLs/,
    },
  },
}

for (const [name, row] of Object.entries(rows)) {
  t.test(`cause and remedy are named: ${name}`, async (t) => {
    if (row.client) await control.client(client, row.client)
    if (row.pool) await control.pool(row.pool)

    const { exitCode, ok, out, problems } = await check(t, row.config)

    t.match({ exitCode, ok }, { exitCode: 1, ok: false })
    t.match(problems, [row.found])
    t.equal(problems.length, 1, 'one cause, one problem')
    t.notMatch(out, /local-secret|another-secret/, 'no secret is shown')
  })
}

t.test('a domain of the pool that it does not announce is only a warning', async (t) => {
  const domain = cognito.domain.replace('127.0.0.1', 'localhost')

  const { exitCode, withStatus } = await check(t, withProvider({ domain }))

  t.equal(exitCode, 0)
  t.match(withStatus('warning'), [{ answer: `Yes, but the pool announces another of its domains, ${cognito.domain}.` }])
})

t.test('a pool without a domain is one problem, also when nothing answers at the domain of the config', async (t) => {
  await control.pool({ domain: false })

  const { exitCode, findings } = await check(t, withProvider({ domain: `http://127.0.0.1:${await freePort()}` }))

  t.equal(exitCode, 1)
  t.match(
    findings.filter(({ subject }) => subject === 'provider cognito'),
    [{ status: 'problem', answer: /has no domain/ }],
  )
})

t.test('a second provider has a callback of its own', async (t) => {
  const { problems } = await check(t, { providers: { cognito: provider, second: provider } })

  t.match(problems, [{ subject: 'provider second', paste: `${callback}/second` }])
})

t.test('a client that may not refresh is found', async (t) => {
  await control.fault({ endpoint: 'token', status: 400, body: { error: 'unauthorized_client' } })

  const { problems } = await check(t)

  t.match(problems, [{ question: 'May the app client refresh tokens?', where: /Authentication flows/ }])
})

t.test('what proves nothing is unknown, not wrong', async (t) => {
  const ways: Readonly<Record<string, ConfigPatch>> = {
    '503, a failure of the server': { status: 503 },
    '403, perhaps a firewall in between': { status: 403 },
    '429, too many requests': { status: 429 },
    '200, which': { status: 200 },
    'the connection broke': { truncate: true },
  }

  for (const [said, fault] of Object.entries(ways)) {
    await control.fault(fault)

    const { exitCode, ok, findings, problems } = await check(t)

    t.match({ exitCode, ok }, { exitCode: 2, ok: false }, said)
    t.strictSame(problems, [], said)
    const asked = findings.filter(({ subject }) => subject.startsWith('provider'))
    t.equal(
      asked.every(({ status, answer }) => status === 'unknown' && answer.includes(said)),
      true,
      said,
    )
    await control.heal()
  }
})

t.test('a provider that is not there is unknown', async (t) => {
  const domain = `http://127.0.0.1:${await freePort()}`

  const { exitCode, problems, withStatus } = await check(t, withProvider({ domain, issuer: `${domain}/pool` }))

  t.equal(exitCode, 2)
  t.strictSame(problems, [])
  t.match(withStatus('unknown')[0], {
    subject: 'provider cognito',
    answer: /the connection was refused \(ECONNREFUSED\)/,
  })
})

t.test('a provider that hangs holds nothing up beyond the limit of a probe', async (t) => {
  await control.fault({ hang: true })
  const { config } = await parseConfig(stringify(yaml), 'a.yaml', {})
  const started = performance.now()

  const findings = await checkOnline(config, { probeMs: 200, totalMs: 10_000 })

  t.ok(performance.now() - started < 2_000)
  t.match(
    findings.find(({ question }) => question === 'Is the authorization request accepted?'),
    { status: 'unknown', answer: /no answer in time/ },
  )
})

t.test('what is not answered when the time is up is unknown', async (t) => {
  await control.fault({ delay: '100ms' })
  await control.client(client, { callback_urls: ['https://elsewhere.acme.io/cb'] })
  const { config } = await parseConfig(stringify(yaml), 'a.yaml', {})
  const started = performance.now()

  const findings = await checkOnline(config, { probeMs: 5_000, totalMs: 300 })

  t.ok(performance.now() - started < 2_000)
  t.match(
    findings.find(({ status }) => status === 'problem'),
    { question: 'Is the callback URL registered?' },
  )
  t.match(
    findings.find(({ status }) => status === 'unknown'),
    { subject: 'provider cognito' },
  )
})

t.test('asking leaves no session, sends no cookie and follows nothing', async (t) => {
  await check(t)

  const { requests, counts } = await control.log()

  t.strictSame(counts, { authorize: 1, login: 1, token: 2, userInfo: 0, revoke: 0, logout: 1, discovery: 1, jwks: 0 })
  t.notOk(requests.some(({ path }) => path === '/error'))
})

t.test('an upstream that does not answer is a problem that names the route', async (t) => {
  const upstream = `http://127.0.0.1:${await freePort()}`

  const { exitCode, problems } = await check(t, { routes: [{ name: 'ledger', path: '/ledger', upstream }] })

  t.equal(exitCode, 1)
  t.match(problems, [{ question: 'Does the upstream of ledger answer?', answer: /refused/, remedy: /Start the tool/ }])
})

t.test('where a front proxy sends requests on there is no upstream to ask', async (t) => {
  const routes = [{ name: 'wiki', path: '/wiki', forward_auth: true }]

  const { findings } = await check(t, { forward_auth: {}, trusted_proxies: ['127.0.0.1'], routes })

  t.notOk(findings.some(({ subject }) => subject === 'upstreams'))
})

t.test('an upstream whose certificate does not verify is a problem', async (t) => {
  const [ca, cert, key] = [certificateFile('ca.pem'), certificate('server.pem'), certificate('server.key')]
  const server = createServer({ cert, key }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const upstream = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const checkWith = (tls: ConfigPatch) =>
    check(t, { routes: [{ name: 'ledger', path: '/ledger', upstream, ...(Object.keys(tls).length > 0 && { tls }) }] })

  const bare = await checkWith({})
  const known = await checkWith({ ca })
  const named = await checkWith({ ca, server_name: 'tool.internal' })
  const misnamed = await checkWith({ ca, server_name: 'ledger.internal' })

  t.match(bare.problems, [{ answer: /certificate does not verify \(UNABLE_TO_VERIFY/, remedy: /tls\.ca/ }])
  t.equal(known.exitCode, 0)
  t.equal(named.exitCode, 0)
  t.match(misnamed.problems, [{ answer: /ERR_TLS_CERT_ALTNAME_INVALID/ }])
})

t.test('Redis is asked what it is', async (t) => {
  const redis = await startRedis(t, { appendonly: true, password: 'redis-password' })
  const admin = new Redis(redis.url)
  t.teardown(() => admin.disconnect())
  const store = (url: string) => ({ store: { url }, encryption_keys: [Buffer.alloc(32, 'key').toString('base64')] })
  const as = (user: string) => redis.url.replace('//:redis-password', `//${user}`)
  await admin.call('ACL', 'SETUSER', 'plain', 'on', '>plain-password', '~*', '+@all', '-info', '-config')

  const fine = await check(t, store(redis.url))
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', '1mb', 'appendonly', 'no')
  const poor = await check(t, store(redis.url))
  const restricted = await check(t, store(as('plain:plain-password')))
  const refused = await check(t, store(as('plain:wrong-password')))
  await redis.stop()
  const away = await check(t, store(redis.url))

  const ofStore = ({ findings }: { findings: readonly Finding[] }) =>
    findings.filter(({ subject }) => subject === 'store').map(({ status, question }) => `${status}: ${question}`)
  const [answers, version, persistence, eviction, memory] = [
    'Does Redis answer?',
    'Is it new enough?',
    'Does it keep what it has over a restart?',
    'Does it keep what it has when memory runs out?',
    'Is there memory left?',
  ]
  t.equal(fine.exitCode, 0)
  t.strictSame(
    ofStore(fine),
    [answers, version, persistence, eviction, memory].map((question) => `ok: ${question}`),
  )
  t.equal(poor.exitCode, 0)
  t.strictSame(ofStore(poor), [
    `ok: ${answers}`,
    `ok: ${version}`,
    `warning: ${persistence}`,
    `warning: ${eviction}`,
    `warning: ${memory}`,
  ])
  t.equal(restricted.exitCode, 2)
  t.strictSame(ofStore(restricted), [
    `ok: ${answers}`,
    'warning: Can gateways tell each other of changes?',
    `unknown: ${version} ${persistence} ${eviction} ${memory}`,
  ])
  t.match(refused.problems, [{ subject: 'store', answer: `No: 127.0.0.1:${redis.port} says WRONGPASS.` }])
  t.match(away.problems, [{ subject: 'store', answer: /the connection was refused/ }])
  for (const { out } of [fine, poor, restricted, refused, away]) t.notMatch(out, /-password/, 'no password is shown')
})

t.test('for people: grouped by subject, without colours where nobody sees them', async (t) => {
  await control.client(client, { callback_urls: [`${callback}/`] })
  const file = join(t.testdir({ 'a.yaml': stringify({ ...yaml, routes: yaml.routes.slice(0, 1) }) }), 'a.yaml')

  const { exitCode, out } = await toolgate('check', '-c', file)

  t.equal(exitCode, 1)
  t.strictSame(out.split('\n'), [
    `${file}: no problems`,
    '',
    'provider cognito',
    `  ✓ Do the user pool and the domain belong together? Yes: it announces ${cognito.domain}.`,
    '  ✓ Is the client ID known? Yes: 1localexample',
    '  ✓ Is OAuth on for the app client? Yes.',
    '  ✗ Is the callback URL registered?',
    `      No: the error page says "redirect_mismatch". ${callback} is not registered; ${callback}/ is, it differs in the slash at the end.`,
    '      To do: Add exactly this to the allowed callback URLs; every character counts.',
    `          ${callback}`,
    '      Where: AWS console: Cognito > User pools > us-east-1_LocalPool > App clients > 1localexample > Login pages > Edit > Allowed callback URLs',
    '      More: docs/trailing-slash.md',
    '  ✓ Is the authorization code flow on? Yes.',
    '  ✓ Are the scopes enabled? Yes: openid profile email',
    '  ✓ Can the sign-in page be used? Yes: 200, a page.',
    '  ✓ Is the client secret right? Yes, it is accepted.',
    `  ✓ Is the sign-out URL registered? Yes: ${origin}/oauth/signed-out`,
    '',
    'upstreams',
    `  ✓ Does the upstream of tool answer? Yes: ${echo.url}`,
    '',
    '9 right, 1 problem.',
    'A change at the provider may take two minutes to show.',
  ])
})

t.test('--offline asks nobody', async (t) => {
  const { exitCode, findings } = await check(t, {}, '--offline')

  const { requests } = await control.log()
  t.equal(exitCode, 0)
  t.strictSame(findings, [])
  t.strictSame(requests, [])
})
