import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { routesOf } from '../../src/config/routes.ts'
import { problemsIn, problemsOf, sampleWith } from './sample-config.ts'

const key = Buffer.alloc(32, 'key of a test')

async function parse(changes: Readonly<Record<number, string>>, env: NodeJS.ProcessEnv = {}, file = 'toolgate.yaml') {
  return parseConfig(sampleWith(changes), file, env)
}

t.test('defaults are filled in, durations are milliseconds and sizes are bytes', async (t) => {
  const { config, warnings } = await parse({})

  t.strictSame(warnings, [])
  t.match(config, {
    base_path: '/oauth',
    listen: { host: '0.0.0.0', port: 8080 },
    admin: { host: '127.0.0.1', port: 9090 },
    log: { level: 'info' },
    branding: { name: 'toolgate' },
    store: { url: 'memory:', key_prefix: 'tg:' },
    encryption_keys: [],
    sessions: { cookie: 'toolgate', idle: 43_200_000, absolute: 2_592_000_000, claims_max_age: 3_600_000 },
  })
  t.match(config.providers.cognito, {
    scopes: ['openid', 'email'],
    authorize_params: {},
    claims: { user: 'sub', email: 'email', name: 'name', groups: 'cognito:groups' },
    trust_unverified_email: false,
    sign_out: 'provider',
    refresh_lifetime: 2_592_000_000,
    timeout: 10_000,
    max_rate: 100,
  })
  t.match(config.routes[0], {
    strip_path: false,
    access: 'signed_in',
    inject: 'access_token',
    identity_headers: true,
    cors: { origins: [], credentials: false },
    cache: 'private',
    timeouts: { connect: 5000, response: 60_000, idle: 300_000 },
    max_body: 104_857_600,
  })
})

t.test('a section that is there gets the defaults of what it leaves out', async (t) => {
  const { config } = await parse({ 14: 'sessions: { idle: 5m }' })

  t.strictSame(config.sessions, {
    cookie: 'toolgate',
    idle: 300_000,
    absolute: 2_592_000_000,
    claims_max_age: 3_600_000,
  })
})

t.test('the config cannot be changed', async (t) => {
  const { config } = await parse({})

  t.throws(() => Object.assign(config.listen, { port: 1 }), TypeError)
  t.throws(() => Array.prototype.push.call(config.routes, {}), TypeError)
  t.throws(() => Object.assign(config.providers, { other: {} }), TypeError)
})

t.test('the order of providers is that of the file', async (t) => {
  const second = '  a-first: { type: cognito, domain: https://a.acme.io, issuer: https://a.acme.io, client_id: abc }'

  const { config } = await parse({ 8: second })

  t.strictSame(Object.keys(config.providers), ['cognito', 'a-first'])
})

t.test('the environment is read in values, with defaults, within text and for numbers and booleans', async (t) => {
  const { config } = await parse(
    {
      8: '    trust_unverified_email: ${TRUST}',
      11: '    path: /${AREA}/${NAME:-reports}',
      12: '    upstream: http://${HOST:-127.0.0.1}:${UPSTREAM_PORT:-3000}',
      14: 'listen: { port: "${PORT:-8080}" }',
    },
    { AREA: 'finance', NAME: '', PORT: '8443', TRUST: 'true' },
  )

  t.equal(config.routes[0]?.path, '/finance/reports')
  t.equal(config.routes[0]?.upstream, 'http://127.0.0.1:3000')
  t.equal(config.listen.port, 8443)
  t.equal(config.providers.cognito?.trust_unverified_email, true)
})

t.test('a variable cannot change the shape of the file', async (t) => {
  const { config } = await parse({ 14: '    title: ${TITLE}' }, { TITLE: 'x\n    access: public # ${HOME}' })

  t.equal(config.routes[0]?.title, 'x\n    access: public # ${HOME}')
  t.equal(config.routes[0]?.access, 'signed_in')
})

t.test('$${ stands for ${, and braces without a dollar sign are left alone', async (t) => {
  const { config } = await parse({
    13: '    title: "$${NAME} costs $5"',
    14: '    inject: { header: X-Token, value: "Token {access_token}" }',
  })

  t.equal(config.routes[0]?.title, '${NAME} costs $5')
  t.strictSame(config.routes[0]?.inject, { header: 'X-Token', value: 'Token {access_token}' })
})

t.test('a reference that is not well formed is a problem', async (t) => {
  for (const text of ['${}', '${a-b}', '${NAME', '${1A}']) {
    t.match(await problemsOf(sampleWith({ 14: `    title: "${text}"` })), [
      { path: 'routes[0].title', message: /^has a \$\{/ },
    ])
  }
})

t.test("any text may come from a file, named from the config's folder on, without its last newline", async (t) => {
  const folder = t.testdir({ run: { secret: 's3cret\n\n', key: key.toString('base64') } })

  const { config } = await parse(
    {
      8: '    client_secret: { file: ./run/secret }',
      14: 'encryption_keys: [{ file: "${RUN}/key" }]',
    },
    { RUN: join(folder, 'run') },
    join(folder, 'toolgate.yaml'),
  )

  t.equal(config.providers.cognito?.client_secret, 's3cret\n')
  t.same(config.encryption_keys[0], key)
})

t.test('a map that is meant as one may have a key called file', async (t) => {
  const { config } = await parse({ 14: '    allow: { claims: { file: yes } }' })

  t.strictSame(config.routes[0]?.allow?.claims, { file: 'yes' })
})

t.test('a referenced file that cannot be read is a problem', async (t) => {
  const folder = t.testdir({ directory: {} })
  const problems = await problemsOf(
    sampleWith({ 8: '    client_secret: { file: nope }', 14: '    title: { file: directory }' }),
    {},
    join(folder, 'toolgate.yaml'),
  )

  t.match(problems, [
    { path: 'providers.cognito.client_secret', line: 8, message: /^the file cannot be read \(ENOENT\)/ },
    { path: 'routes[0].title', line: 14, message: /^the file cannot be read \(EISDIR\)/ },
  ])
})

t.test('files of tls become absolute paths', async (t) => {
  const folder = t.testdir({ 'cert.pem': '', 'key.pem': '' })

  const { config } = await parse(
    { 14: 'listen: { tls: { cert: cert.pem, key: key.pem } }' },
    {},
    join(folder, 'toolgate.yaml'),
  )

  t.strictSame(config.listen.tls, { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') })
})

t.test('addresses come in one form', async (t) => {
  const { config } = await parse({
    1: 'public_url: HTTPS://Tools.Acme.io:443',
    12: '    upstream: http://127.0.0.1:3000/app/',
    14: '    allow: { emails: [Ada@Acme.io], email_domains: [ACME.io] }',
  })

  t.equal(config.public_url, 'https://tools.acme.io')
  t.equal(config.routes[0]?.upstream, 'http://127.0.0.1:3000/app')
  t.strictSame(config.routes[0]?.allow, { emails: ['ada@acme.io'], email_domains: ['acme.io'] })
})

t.test('plain http is fine on this machine', async (t) => {
  for (const host of ['localhost:8080', 'tools.localhost', '127.0.0.1:1', '[::1]:8080']) {
    const { config } = await parse({ 1: `public_url: http://${host}` })

    t.equal(config.public_url, `http://${host}`)
  }
})

t.test('a route is on the host it names, by the scheme and port of public_url, or on that of public_url', async (t) => {
  const hostOf = async (publicUrl: string, host: string) => {
    const { config } = await parse({ 1: `public_url: ${publicUrl}`, 14: host })
    return routesOf(config)[0]?.host
  }

  t.equal(await hostOf('https://tools.acme.io', ''), 'tools.acme.io')
  t.equal(await hostOf('https://tools.acme.io', '    host: Reports.acme.io'), 'reports.acme.io')
  t.equal(await hostOf('https://tools.acme.io', '    host: reports.acme.io:443'), 'reports.acme.io')
  t.equal(await hostOf('https://tools.acme.io:8443', '    host: reports.acme.io'), 'reports.acme.io:8443')
  t.equal(await hostOf('http://localhost:8080', '    host: reports.localhost'), 'reports.localhost:8080')
  t.equal(await hostOf('http://localhost:8080', '    host: reports.localhost:80'), 'reports.localhost')
})

t.test('routes of different hosts may have one path, and plain http is for hosts on this machine', async (t) => {
  const two = (host: string) =>
    `    mcp: {}\n  - { name: b, host: ${host}, path: /reports, upstream: http://127.0.0.1:1, mcp: {} }`
  const { config } = await parse({ 14: two('b.acme.io') })

  t.strictSame(
    routesOf(config).map(({ mcp }) => mcp?.resource),
    ['https://tools.acme.io/reports', 'https://b.acme.io/reports'],
  )
  const problemsOf = async (changes: Readonly<Record<number, string>>) => {
    const error = await parse(changes).catch((failure) => failure)
    return error.problems
  }
  t.match(await problemsOf({ 14: two('Tools.acme.io') }), [{ path: 'routes[1].path' }])
  t.match(await problemsOf({ 1: 'public_url: http://localhost:8080', 14: two('b.acme.io') }), [
    { path: 'routes[1].host', message: /public_url is plain http/ },
  ])
})

t.test('an MCP server beside a tool that has pages is a warning, but not on this machine', async (t) => {
  const beside = (host: string) => `  - { name: notes, ${host}path: /mcp, upstream: http://127.0.0.1:1, mcp: {} }`
  const warningsOf = async (changes: Readonly<Record<number, string>>) => (await parse(changes)).warnings

  t.match(await warningsOf({ 14: beside('') }), [{ path: 'routes[1]', message: /on one host with reports/ }])
  t.strictSame(await warningsOf({ 14: beside('host: notes.acme.io, ') }), [])
  t.strictSame(await warningsOf({ 1: 'public_url: http://localhost:8080', 14: beside('') }), [])
})

t.test('a domain without a scheme or with a slash at its end is mended, with a warning', async (t) => {
  const { config, warnings } = await parse({ 5: '    domain: acme.auth.eu-west-1.amazoncognito.com//' })

  t.match(config.providers.cognito, { domain: 'https://acme.auth.eu-west-1.amazoncognito.com' })
  t.match(warnings, [
    { path: 'providers.cognito.domain', line: 5, message: /^has no scheme/ },
    { path: 'providers.cognito.domain', line: 5, message: /^ends with \// },
  ])
})

t.test('what works and is likely not meant is a warning', async (t) => {
  const warningsOf = async (changes: Readonly<Record<number, string>>) => (await parse(changes)).warnings

  t.match(await warningsOf({ 6: '' }), [{ path: 'providers.cognito.user_pool_id', line: 3 }])
  t.match(await warningsOf({ 12: '    upstream: http://reports.internal' }), [{ path: 'routes[0].upstream', line: 12 }])
  const trusted = 'credentials: true, origins: ["https://a.io", "http://localhost:3000", "http://b.io"]'
  t.match(await warningsOf({ 14: `    cors: { ${trusted} }` }), [
    { path: 'routes[0].cors.origins[2]', message: /^is plain http/ },
  ])
  t.strictSame(await warningsOf({ 14: '    cors: { origins: ["http://b.io"] }' }), [])
  t.match(await warningsOf({ 12: '    upstream: https://reports.internal\n    tls: { insecure: true }' }), [
    { path: 'routes[0].tls.insecure', line: 13 },
  ])
  t.match(await warningsOf({ 9: 'routes: []', 10: '', 11: '', 12: '', 13: '' }), [{ path: 'routes', line: 9 }])
  t.strictSame(await warningsOf({ 12: '    upstream: http://reports.internal', 13: '    inject: none' }), [])
})

t.test('the scopes of a route are those its token must hold', async (t) => {
  const scoped = await parse({ 14: '    scopes: [reports/read]' })
  const plain = await parse({})

  t.strictSame(routesOf(scoped.config)[0]?.scopes, ['reports/read'])
  t.strictSame(routesOf(plain.config)[0]?.scopes, [])
})

t.test('a route that lets in everybody with an account somewhere is a warning', async (t) => {
  const github = '  github: { type: github, client_id: abc, client_secret: s3cret }'
  const warningsOf = async (keys: string) =>
    (await parse({ 8: github, 14: `    sign_in: [cognito, github]\n${keys}` })).warnings

  t.match(await warningsOf(''), [{ path: 'routes[0]', line: 10, message: /everybody who has an account of GitHub/ }])
  t.strictSame(await warningsOf('    allow: { claims: { id: "583231" } }'), [])
})

t.test('url: memory: needs no quotes, though YAML says it does', async (t) => {
  const inBlock = await parse({ 14: 'store:\n  url: memory:   # in this process\n  key_prefix: "x:"' })
  const inFlow = await parse({ 14: 'store: { url: memory:, key_prefix: "x:" }' })

  t.strictSame(inBlock.config.store, {
    url: 'memory:',
    key_prefix: 'x:',
    serve_cached_for: 60_000,
    wait_for_replica: false,
  })
  t.strictSame(inFlow.config.store, inBlock.config.store)
})

t.test('serve_cached_for is a duration or 0, as a number or from the environment', async (t) => {
  for (const [written, ms] of [
    ['5m', 300_000],
    ['0', 0],
    ['"0"', 0],
    ['"${FOR:-0}"', 0],
    ['"${FOR:-30s}"', 30_000],
  ] as const) {
    const { config } = await parse({ 14: `store: { serve_cached_for: ${written} }` })
    t.equal(config.store.serve_cached_for, ms, written)
  }
})

t.test('a session may be idle for all of its time', async (t) => {
  const { config } = await parse({ 14: 'sessions: { idle: 24h, absolute: 1d }' })

  t.equal(config.sessions.idle, config.sessions.absolute)
})

t.test('a route at the root is fine', async (t) => {
  const { config } = await parse({ 11: '    path: /' })

  t.equal(config.routes[0]?.path, '/')
})

t.test('aliases stand for what they name', async (t) => {
  const { config } = await parse({
    13: '    allow: &staff { groups: [staff] }',
    14: '  - { name: b, path: /b, upstream: "http://127.0.0.1", allow: *staff }',
  })

  t.strictSame(config.routes[1]?.allow, { groups: ['staff'] })
})

t.test('what is not YAML is said with its line', async (t) => {
  t.match(await problemsOf(sampleWith({ 14: 'public_url: https://b.acme.io' })), [
    { line: 14, column: 1, message: 'this key is written twice; keep one' },
  ])
  t.match(await problemsOf(sampleWith({ 8: '\tscopes: [openid]' })), [{ line: 8 }])
  t.match(await problemsOf(sampleWith({ 8: '    scopes: [openid' })), [{ line: 9 }])
  t.match(await problemsOf(`${sampleWith({})}\n---\na: b`), [{ line: 14, message: /more than one document/ }])
  t.match(await problemsOf(sampleWith({ 8: '    client_secret: !env X' })), [{ line: 8, message: /^tags/ }])
})

t.test('a key written twice does not hide other problems', async (t) => {
  const problems = await problemsOf(sampleWith({ 11: '    path: reports', 14: 'public_url: https://b.acme.io' }))

  t.strictSame(
    problems.map(({ line, path }) => [line, path]),
    [
      [11, 'routes[0].path'],
      [14, ''],
    ],
  )
})

t.test('a file that holds no mapping, is empty, or is not there gives one problem', async (t) => {
  const folder = t.testdir({ 'empty.yaml': '# nothing\n', 'list.yaml': '- a\n' })
  const problemsOfFile = (name: string) => loadConfig(join(folder, name), {}).then(() => [], problemsIn)

  t.match(await problemsOfFile('empty.yaml'), [{ file: join(folder, 'empty.yaml'), message: /^the file is empty/ }])
  t.match(await problemsOfFile('list.yaml'), [{ message: /must hold keys and values/ }])
  t.match(await problemsOfFile('nope.yaml'), [{ message: /^there is no such file/ }])
  t.match(await problemsOfFile('.'), [{ message: /cannot be read \(EISDIR\)/ }])
})

t.test('a file is read as a text is', async (t) => {
  const folder = t.testdir({})
  writeFileSync(join(folder, 'toolgate.yaml'), sampleWith({}))

  const { config } = await loadConfig(join(folder, 'toolgate.yaml'), {})

  t.equal(config.public_url, 'https://tools.acme.io')
})
