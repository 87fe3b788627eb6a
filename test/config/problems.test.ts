import t from 'tap'
import { problemsOf, sampleWith } from './sample-config.ts'

type Mistake = readonly [line: number, text: string, path: string, phrase: string]

const key = Buffer.alloc(32, 'key of a test').toString('base64')

const mistakes: Readonly<Record<string, readonly Mistake[]>> = {
  'keys and kinds': [
    [12, '    upsteam: http://127.0.0.1:3000', 'routes[0].upsteam', 'unknown key `upsteam`, did you mean `upstream`?'],
    [1, 'publicUrl: https://tools.acme.io', 'publicUrl', 'did you mean `public_url`?'],
    [14, 'workers: 4', 'workers', 'the keys here are public_url, base_path'],
    [14, '    __proto__: { access: public }', 'routes[0].__proto__', 'unknown key'],
    [14, 'log: { level:info }', 'log', 'a colon needs a space'],
    [14, '1: x', '1', 'unknown key `1`'],
    [14, 'listen: { port: "8080" }', 'listen.port', 'must be a whole number'],
    [14, 'listen: { port: 8080.5 }', 'listen.port', 'must be a whole number'],
    [14, 'listen: { port: 65536 }', 'listen.port', 'must be from 0 to 65535'],
    [14, 'listen: 8080', 'listen', 'must be a mapping'],
    [14, 'listen:', 'listen', 'is empty'],
    [14, 'listen: [8080]', 'listen', 'must be a mapping'],
    [14, 'listen: { host: "http://0.0.0.0" }', 'listen.host', 'must be an address or a host name'],
    [14, 'branding: { name: 5 }', 'branding.name', 'must be text'],
    [14, 'branding: { name: "" }', 'branding.name', 'is empty'],
    [14, 'branding: { accent: red }', 'branding.accent', 'must be a colour'],
    [14, 'branding: { logo: logo.svg }', 'branding.logo', 'must be SVG text'],
    [14, 'log: { level: loud }', 'log.level', 'must be trace, debug, info, warn, error, fatal or silent'],
    [14, 'log: { level: { a: b } }', 'log.level', 'must be trace'],
    [14, '    strip_path: "yes"', 'routes[0].strip_path', 'must be true or false'],
    [8, '    scopes: openid', 'providers.cognito.scopes', 'must be a list'],
    [11, '    pth: /reports', 'routes[0].pth', 'did you mean `path`?'],
    [7, '    # nothing', 'providers.cognito.client_id', 'is missing'],
  ],
  'the gateway': [
    [1, '# nothing', 'public_url', 'is missing; add it, for example https://tools.example.com'],
    [1, 'public_url: tools.acme.io', 'public_url', 'must be a whole address'],
    [1, 'public_url: https://tools.acme.io/', 'public_url', 'must be an origin'],
    [1, 'public_url: https://tools.acme.io/x', 'public_url', 'must be an origin'],
    [1, 'public_url: https://tools.acme.io?x', 'public_url', 'must be an origin'],
    [1, 'public_url: https://me@tools.acme.io', 'public_url', 'must be an origin'],
    [1, 'public_url: http://tools.acme.io', 'public_url', 'must be https://'],
    [1, 'public_url: http://127.0.0.1.acme.io', 'public_url', 'must be https://'],
    [14, 'base_path: oauth', 'base_path', 'must be a path such as /oauth'],
    [14, 'base_path: /', 'base_path', 'must be a path such as /oauth'],
    [14, 'base_path: /oauth/', 'base_path', 'must be a path such as /oauth'],
    [14, 'base_path: /.well-known/x', 'base_path', 'must not be below /.well-known'],
    [14, 'admin: { host: 0.0.0.0, port: 8080 }', 'admin.port', 'must differ from listen.port'],
    [14, 'admin: { port: 8080 }', 'admin.port', 'must differ from listen.port'],
    [14, 'listen: { tls: { cert: no.pem, key: /dev/null } }', 'listen.tls.cert', 'cannot be read (ENOENT)'],
    [14, 'listen: { tls: { key: /dev/null } }', 'listen.tls.cert', 'is missing'],
    [14, 'store: { url: "http://127.0.0.1" }', 'store.url', 'must be memory:'],
    [14, 'store: { url: "redis:" }', 'store.url', 'must be memory:'],
    [14, 'store: { url: "redis://:changeme@127.0.0.1" }', 'store.url', 'placeholder for a password'],
    [14, 'store: { key_prefix: "{tg}:" }', 'store.key_prefix', 'must not hold'],
    [14, 'store: { url: "redis://127.0.0.1" }', 'encryption_keys', 'toolgate keys new'],
    [14, `encryption_keys: ["${key.slice(0, 40)}"]`, 'encryption_keys[0]', 'toolgate keys new'],
    [14, `encryption_keys: ["${'A'.repeat(43)}="]`, 'encryption_keys[0]', 'must be 32 random bytes'],
    [14, `encryption_keys: ["${key.slice(0, 43)}"]`, 'encryption_keys[0]', 'must be 32 random bytes'],
    [14, 'encryption_keys: ["..."]', 'encryption_keys[0]', 'is a placeholder'],
    [14, `encryption_keys: ["${key}", "${key}"]`, 'encryption_keys[1]', 'is the same key again'],
    [14, 'sessions: { cookie: "a b" }', 'sessions.cookie', 'must be a cookie name'],
    [14, 'sessions: { cookie: __Host-toolgate }', 'sessions.cookie', 'the gateway adds it'],
    [14, 'sessions: { idle: 90 }', 'sessions.idle', 'must be a duration above zero'],
    [14, 'sessions: { idle: 500ms }', 'sessions.idle', 'must be a duration above zero'],
    [14, 'sessions: { idle: 0s }', 'sessions.idle', 'must be a duration above zero'],
    [14, 'sessions: { idle: 31d }', 'sessions.idle', 'must not be longer than sessions.absolute'],
  ],
  providers: [
    [3, '  Cognito:', 'providers.Cognito', 'must be lower-case letters'],
    [3, '  42:', 'providers.42', 'not digits alone'],
    [4, '    type: cognitoo', 'providers.cognito.type', 'must be cognito'],
    [4, '    # nothing', 'providers.cognito.type', 'is missing'],
    [5, '    # nothing', 'providers.cognito.domain', 'is missing; add the user pool domain'],
    [5, '    domain: https://YOUR_DOMAIN', 'providers.cognito.domain', 'Branding > Domain'],
    [5, '    domain: your-prefix.auth.eu-west-1.amazoncognito.com', 'providers.cognito.domain', 'is a placeholder'],
    [5, '    domain: https://auth.example.com', 'providers.cognito.domain', 'is a placeholder'],
    [5, '    domain: http://auth.acme.io', 'providers.cognito.domain', 'must be https://'],
    [5, '    domain: https://auth.acme.io/login', 'providers.cognito.domain', 'without a path'],
    [5, '    domain: https://auth.acme.io?x', 'providers.cognito.domain', 'without a path'],
    [5, '    domain: "https://"', 'providers.cognito.domain', 'must be the address'],
    [
      5,
      '    domain: https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Xk3fP9qLm',
      'providers.cognito.domain',
      'is the address of the issuer',
    ],
    [5, '    domain: cognito-idp.eu-west-1.amazonaws.com', 'providers.cognito.domain', 'is the address of the issuer'],
    [6, '    user_pool_id: us-east-1_AbCdEfGhI', 'providers.cognito.user_pool_id', 'Overview > User pool ID'],
    [6, '    user_pool_id: my-pool', 'providers.cognito.user_pool_id', 'must be REGION_ID'],
    [6, '    user_pool_id: us-east-1_Xk3fP9qLm', 'providers.cognito.user_pool_id', 'is in another region'],
    [7, '    client_id: 1example23456789', 'providers.cognito.client_id', 'App clients > Client ID'],
    [7, '    client_id: ...', 'providers.cognito.client_id', 'is a placeholder'],
    [7, '    client_id: ""', 'providers.cognito.client_id', 'is empty'],
    [7, '    client_id: 12345', 'providers.cognito.client_id', 'put it in quotes'],
    [7, '    client_id: a b', 'providers.cognito.client_id', 'without spaces'],
    [8, '    client_secret: changeme', 'providers.cognito.client_secret', 'is a placeholder'],
    [8, '    client_secret: "${NOPE}"', 'providers.cognito.client_secret', 'environment variable NOPE is not set'],
    [8, '    scopes: [openid, offline_access]', 'providers.cognito.scopes[1]', 'Cognito refuses offline_access'],
    [8, '    scopes: [email]', 'providers.cognito.scopes', 'must hold openid'],
    [8, '    scopes: [openid, "email profile"]', 'providers.cognito.scopes[1]', 'each as its own list item'],
    [8, '    scopes: []', 'providers.cognito.scopes', 'is empty'],
    [8, '    issuer: https://auth.acme.io?x=1', 'providers.cognito.issuer', 'must not hold'],
    [8, '    issuer: http://auth.acme.io', 'providers.cognito.issuer', 'must be an https:// address'],
    [8, '    token_endpoint: https://auth.example.com/t', 'providers.cognito.token_endpoint', 'is a placeholder'],
    [8, '    authorize_params: { state: x }', 'providers.cognito.authorize_params.state', 'the gateway sets this'],
    [8, '    authorize_params: { max_age: 5 }', 'providers.cognito.authorize_params.max_age', 'must be text'],
    [8, '    max_rate: 0', 'providers.cognito.max_rate', 'must be from 1'],
    [8, '    claims: { mail: email }', 'providers.cognito.claims.mail', 'did you mean `email`?'],
  ],
  'other providers': [
    [8, '  crm: { typ: oidc }', 'providers.crm.type', 'is missing; it is one of cognito, oidc, oauth2'],
    [8, '  crm: { type: OIDC, isuer: x }', 'providers.crm.type', 'did you mean `oidc`?'],
    [8, '  crm: { type: [oidc] }', 'providers.crm.type', 'must be text'],
    [8, '  crm: oidc', 'providers.crm', 'must be a mapping'],
  ],
  routes: [
    [10, '  - name: Reports', 'routes[0].name', 'must be lower-case letters'],
    [11, '    path: 5', 'routes[0].path', 'must be text'],
    [11, '    path: reports', 'routes[0].path', 'must start with /'],
    [11, '    path: /reports/', 'routes[0].path', 'must not end with /'],
    [11, '    path: //reports', 'routes[0].path', 'must be a plain path'],
    [11, '    path: /a/../b', 'routes[0].path', 'must be a plain path'],
    [11, '    path: /a%2Fb', 'routes[0].path', 'must be a plain path'],
    [11, '    path: /a;b', 'routes[0].path', 'must be a plain path'],
    [11, "    path: '/a\\b'", 'routes[0].path', 'must be a plain path'],
    [11, '    path: /%61', 'routes[0].path', 'must be a plain path'],
    [11, '    path: /oauth', 'routes[0].path', 'covers base_path'],
    [11, '    path: /oauth/assets', 'routes[0].path', 'covers base_path'],
    [11, '    path: /.well-known', 'routes[0].path', 'covers a /.well-known name'],
    [11, '    path: /.well-known/oauth-authorization-server', 'routes[0].path', 'covers a /.well-known name'],
    [11, '    path: /.well-known/openid-configuration/x', 'routes[0].path', 'covers a /.well-known name'],
    [11, '    path: /.well-known/toolgate', 'routes[0].path', 'covers a /.well-known name'],
    [12, '    upstream: 127.0.0.1:3000', 'routes[0].upstream', 'must be a whole http:// or https:// address'],
    [12, '    upstream: ftp://127.0.0.1', 'routes[0].upstream', 'must be a whole http:// or https:// address'],
    [12, '    upstream: http://me:pw@127.0.0.1', 'routes[0].upstream', 'must not hold a user name'],
    [12, '    upstream: http://127.0.0.1?x=1', 'routes[0].upstream', 'must not hold'],
    [12, '    upstream: "http://127.0.0.1#x"', 'routes[0].upstream', 'must not hold'],
    [13, '    access: signed-in', 'routes[0].access', 'must be signed_in, optional or public'],
    [14, '    sign_in: [crm]', 'routes[0].sign_in[0]', 'there is no provider of this name; there is cognito'],
    [14, '    sign_in: [cognito, cognito]', 'routes[0].sign_in[1]', 'is named twice'],
    [14, '    sign_in: []', 'routes[0].sign_in', 'is empty'],
    [14, '    provider: crm', 'routes[0].provider', 'there is no provider of this name'],
    [14, '    allow: {}', 'routes[0].allow', 'is empty'],
    [14, '    allow: { groups: [] }', 'routes[0].allow.groups', 'is empty'],
    [14, '    allow: { claims: {} }', 'routes[0].allow.claims', 'is empty'],
    [14, '    allow: { claims: { "custom:team": [] } }', 'routes[0].allow.claims["custom:team"]', 'is empty'],
    [14, '    allow: { claims: { team: true } }', 'routes[0].allow.claims.team', 'must be text or a list of texts'],
    [14, '    allow: { claims: { __proto__: x } }', 'routes[0].allow.claims.__proto__', 'is not a possible name'],
    [14, '    allow: { emails: [ada] }', 'routes[0].allow.emails[0]', 'exactly one @'],
    [14, '    allow: { emails: [a@b@acme.io] }', 'routes[0].allow.emails[0]', 'exactly one @'],
    [14, '    allow: { email_domains: ["@acme.io"] }', 'routes[0].allow.email_domains[0]', 'without the @'],
    [14, '    allow: { email_domains: ["*.acme.io"] }', 'routes[0].allow.email_domains[0]', 'must be a domain name'],
    [13, '    access: public\n    allow: { groups: [a] }', 'routes[0].allow', 'no one is checked'],
    [13, '    access: public\n    sign_in: [cognito]', 'routes[0].sign_in', 'no one is checked'],
    [14, '    tls: { insecure: false }', 'routes[0].tls', 'needs an https:// upstream'],
    [12, '    upstream: https://a.b\n    tls: { client_cert: /dev/null }', 'routes[0].tls', 'belong together'],
    [12, '    upstream: https://a.b\n    tls: { ca: no.pem }', 'routes[0].tls.ca', 'cannot be read (ENOENT)'],
    [14, '    inject: acces_token', 'routes[0].inject', 'must be access_token, id_token, none or { header, value }'],
    [14, '    inject: { header: X-Token }', 'routes[0].inject.value', 'is missing'],
    [14, '    inject: { header: X-Token, value: x }', 'routes[0].inject.value', 'must hold {access_token}'],
    [14, '    inject: { header: X-Token, value: "{email}" }', 'routes[0].inject.value', 'braces may only hold'],
    [14, '    inject: { header: X-Token, value: "{access_token" }', 'routes[0].inject.value', 'braces may only hold'],
    [14, '    inject: { header: "X Token", value: "{id_token}" }', 'routes[0].inject.header', 'must be a header name'],
    ...['Host', 'cookie', 'X_Forwarded_For', 'Forwarded', 'Transfer-Encoding', 'TE', 'Keep-Alive'].map(
      (header): Mistake => [
        14,
        `    inject: { header: ${header}, value: "{id_token}" }`,
        'routes[0].inject.header',
        'is a header the gateway writes itself',
      ],
    ),
    [14, '    identity_headers: some', 'routes[0].identity_headers', 'must be true, false or a map'],
    [14, '    identity_headers: {}', 'routes[0].identity_headers', 'is empty'],
    [14, '    identity_headers: { X-A: "{mail}" }', 'routes[0].identity_headers.X-A', 'braces may only hold {user}'],
    [14, '    identity_headers: { Host: "{email}" }', 'routes[0].identity_headers.Host', 'cannot carry an identity'],
    [14, '    identity_headers: { authorization: x }', 'routes[0].identity_headers.authorization', 'cannot carry'],
    [14, '    identity_headers: { X-A: x, x_a: y }', 'routes[0].identity_headers.x_a', 'is set twice'],
    [14, '    timeouts: { conect: 5s }', 'routes[0].timeouts.conect', 'did you mean `connect`?'],
    [14, '    max_body: 100', 'routes[0].max_body', 'must be a size above zero'],
    [14, '    max_body: 100mb', 'routes[0].max_body', 'must be a size above zero'],
    [14, '  - { name: reports, path: /b, upstream: "http://[::1]" }', 'routes[1].name', 'is that of routes[0] already'],
    [14, '  - { name: b, path: /reports, upstream: "http://[::1]" }', 'routes[1].path', 'is that of routes[0] already'],
  ],
}

for (const [part, rows] of Object.entries(mistakes)) {
  t.test(`one mistake gives one problem, at its place: ${part}`, async (t) => {
    for (const [line, text, path, phrase] of rows) {
      const problems = await problemsOf(sampleWith({ [line]: text }))

      t.match(problems, [{ file: 'toolgate.yaml', path }], text)
      t.equal(problems.length, 1, text)
      t.ok(problems[0]?.message.includes(phrase), `${text}: ${problems[0]?.message}`)
      if (!problems[0]?.message.startsWith('is missing')) {
        t.equal(problems[0]?.line, line + text.split('\n').length - 1, text)
      }
    }
  })
}

t.test('a missing key is placed at the key around it', async (t) => {
  const [problem] = await problemsOf(sampleWith({ 7: '    # nothing' }))

  t.match(problem, { path: 'providers.cognito.client_id', line: 3, column: 3 })
})

t.test('all mistakes are found in one go, in the order of the file', async (t) => {
  const text = `public_url: http://tools.acme.io
brandin: { name: Tools }
listen: { port: 0 }
sessions: { idle: 60d }
providers:
  cognito:
    type: cognito
    domain: https://YOUR_DOMAIN
    client_id: 4f7q2k9v1m3x8c5b
    scopes: [openid, offline_access]
    issuer: https://auth.acme.io
routes:
  - name: reports
    path: /reports/
    upstream: http://127.0.0.1:3000
    timeouts: { idle: soon }
  - name: reports
    path: /oauth/reports
    sign_in: [cognito, crm]
`

  const problems = await problemsOf(text)

  t.strictSame(
    problems.map(({ line, column, path }) => [line, column, path]),
    [
      [1, 13, 'public_url'],
      [2, 1, 'brandin'],
      [4, 19, 'sessions.idle'],
      [8, 13, 'providers.cognito.domain'],
      [10, 22, 'providers.cognito.scopes[1]'],
      [14, 11, 'routes[0].path'],
      [16, 23, 'routes[0].timeouts.idle'],
      [17, 5, 'routes[1].upstream'],
      [17, 11, 'routes[1].name'],
      [18, 11, 'routes[1].path'],
      [19, 24, 'routes[1].sign_in[1]'],
    ],
  )
})
