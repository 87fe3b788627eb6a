import t from 'tap'
import { parseConfig } from '../../src/config/load.ts'
import { problemsOf, sampleWith } from './sample-config.ts'

type Mistake = readonly [line: number, text: string, path: string, phrase: string]

const key = Buffer.alloc(32, 'key of a test').toString('base64')

const client = 'client_id: abc, client_secret: s3cret'
const trusting = 'trusted_proxies: [127.0.0.1/32]'
const okta = 'domain: acme.okta.com'
const preset = (type: string, keys: string) => `  crm: { type: ${type}, client_id: abc, ${keys} }`
const oidc = (issuer: string, keys = '') => `  crm: { type: oidc, issuer: "${issuer}", ${client}, ${keys} }`
const oauth2 = (keys = '') =>
  `  crm: { type: oauth2, authorization_endpoint: "https://a.io/a", token_endpoint: "https://a.io/t", ${client}, ${keys} }`

/** Of each kind that the gateway writes itself or that frames a request, in the spellings that servers take for it. */
const ownHeaders = [
  ...['Host', 'cookie', 'Connection', 'Keep-Alive', 'CONTENT_LENGTH', 'Transfer-Encoding', 'Upgrade', 'TE', 'Trailer'],
  ...['Expect', 'HTTP2-Settings', 'Proxy', 'Proxy-Authorization', 'proxy_x', 'Forwarded', 'X_Forwarded_For'],
  ...['X-Forwarded-Prefix', 'X-Real-IP', 'X-Original-URL', 'X-Rewrite-URL', 'x_toolgate-identity', 'Sec-WebSocket-Key'],
]

const mistakes: Readonly<Record<string, readonly Mistake[]>> = {
  'keys and kinds': [
    [12, '    upsteam: http://127.0.0.1:3000', 'routes[0].upsteam', 'unknown key `upsteam`, did you mean `upstream`?'],
    [1, 'publicUrl: https://tools.acme.io', 'publicUrl', 'did you mean `public_url`?'],
    [14, 'threads: 4', 'threads', 'the keys here are public_url, base_path'],
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
    ...[
      'proxy.internal',
      '10.0.0.0/x',
      '010.0.0.0/8',
      '10.0.0/8',
      '10.0.0.0/',
      'fe80::1%eth0',
      '*',
      '10.0.0.1 ',
      'true',
    ].map(
      (range): Mistake => [14, `trusted_proxies: ["${range}"]`, 'trusted_proxies[0]', 'must be a range of addresses'],
    ),
    ...['10.0.0.0/33', 'fd00::/129', '10.0.0.0/08', '10.0.0.0/999'].map(
      (range): Mistake => [14, `trusted_proxies: ["${range}"]`, 'trusted_proxies[0]', 'a prefix length that fits'],
    ),
    ...['::ffff:10.0.0.0/8', '::ffff:10.0.0.0/104', '::FFFF:0:0/96', '::ffff:10.0.0.1', '0:0:0:0:0:ffff:a00:0/8'].map(
      (range): Mistake => [14, `trusted_proxies: ["${range}"]`, 'trusted_proxies[0]', 'is IPv4 written as IPv6'],
    ),
    ...['0.0.0.0/0', '::/0', '0.0.0.0/1', '128.0.0.0/1', '8000::/1', '::/8', '::/80', '::fffe:0:0/95'].map(
      (range): Mistake => [14, `trusted_proxies: ["${range}"]`, 'trusted_proxies[0]', 'would let strangers say'],
    ),
    ...['10.1.2.3/8', '192.168.0.1/31', 'fd00::1/8', '2001:db8::8000/112'].map(
      (range): Mistake => [14, `trusted_proxies: ["${range}"]`, 'trusted_proxies[0]', 'has bits set after its prefix'],
    ),
    [14, 'forward_auth: { port: 9091 }', 'forward_auth', 'needs trusted_proxies'],
    [14, `${trusting}\nforward_auth: { port: 8080 }`, 'forward_auth.port', 'must differ from listen.port'],
    [14, `${trusting}\nforward_auth: { host: "::", port: 9090 }`, 'forward_auth.port', 'must differ from admin.port'],
    [14, `${trusting}\nforward_auth: 9091`, 'forward_auth', 'must be a mapping'],
    [14, 'trusted_proxies: 10.0.0.0/8', 'trusted_proxies', 'must be a list'],
    [14, 'listen: { tls: { cert: no.pem, key: /dev/null } }', 'listen.tls.cert', 'cannot be read (ENOENT)'],
    [14, 'listen: { tls: { key: /dev/null } }', 'listen.tls.cert', 'is missing'],
    [14, 'workers: 0', 'workers', 'must be from 1 to 64'],
    [14, 'workers: 65', 'workers', 'must be from 1 to 64'],
    [14, 'workers: auto', 'workers', 'must be a whole number'],
    [14, 'workers: 2', 'workers', 'set store.url to redis://HOST:PORT, or workers to 1'],
    [14, 'store: { url: "memory:" }\nworkers: 2', 'workers', 'set store.url to redis://HOST:PORT, or workers to 1'],
    [14, 'store: { url: "http://127.0.0.1" }', 'store.url', 'must be memory:'],
    [14, 'store: { url: "redis:" }', 'store.url', 'must be memory:'],
    [14, 'store: { url: "redis+ring://h" }', 'store.url', 'redis+cluster://HOST:PORT,HOST:PORT'],
    [14, 'store: { url: "redis://:pa?ss@h" }', 'store.url', 'write %3F and %23'],
    [14, 'store: { url: "redis://:50%@h" }', 'store.url', 'write %25'],
    [14, 'store: { url: "redis+cluster://h:99999" }', 'store.url', 'HOST:PORT, with commas between'],
    [14, 'store: { url: "redis://h,i" }', 'store.url', 'for Sentinels use redis+sentinel://'],
    [14, 'store: { url: "redis+sentinel://h:26379" }', 'store.url', 'the name that the Sentinels have'],
    [14, 'store: { url: "redis+cluster://h/2" }', 'store.url', 'a Redis Cluster has /0 only'],
    [14, 'store: { url: "redis+sentinel://:your-password@h/n" }', 'store.url', 'placeholder for a password'],
    [14, 'store: { tls: { ca: /dev/null } }', 'store.tls', 'needs a rediss:// address'],
    ...(
      [
        ['url: "rediss://h", tls: { ca: no.pem }', 'store.tls.ca', 'cannot be read (ENOENT)'],
        ['url: "rediss://h", tls: { client_cert: /dev/null }', 'store.tls', 'add the other one'],
        ['url: "redis://h", sentinel: { password: p4ss }', 'store.sentinel', 'redis+sentinel:// address'],
        ['url: "redis+sentinel://h/n", sentinel: {}', 'store.sentinel.password', 'is missing'],
      ] as const
    ).map(([keys, path, phrase]): Mistake => [14, `encryption_keys: ["${key}"]\nstore: { ${keys} }`, path, phrase]),
    [14, 'store: { wait_for_replica: 1s }', 'store.wait_for_replica', 'must be true or false'],
    [14, 'store: { url: "redis://:changeme@127.0.0.1" }', 'store.url', 'placeholder for a password'],
    [14, 'store: { key_prefix: "{tg}:" }', 'store.key_prefix', 'must not hold'],
    [14, 'store: { serve_cached_for: 60 }', 'store.serve_cached_for', 'or 0 for not at all'],
    [14, 'store: { serve_cached_for: 0s }', 'store.serve_cached_for', 'or 0 for not at all'],
    [14, 'store: { serve_cached_for: true }', 'store.serve_cached_for', 'or 0 for not at all'],
    [14, 'store: { url: "redis://127.0.0.1" }', 'encryption_keys', 'toolgate keys new'],
    [14, `encryption_keys: ["${key.slice(0, 40)}"]`, 'encryption_keys[0]', 'toolgate keys new'],
    [14, `encryption_keys: ["${'A'.repeat(43)}="]`, 'encryption_keys[0]', 'must be 32 random bytes'],
    [14, `encryption_keys: ["${key.slice(0, 43)}"]`, 'encryption_keys[0]', 'must be 32 random bytes'],
    [14, 'encryption_keys: ["..."]', 'encryption_keys[0]', 'is a placeholder'],
    [14, `encryption_keys: ["${key}", "${key}"]`, 'encryption_keys[1]', 'is the same key again'],
    [14, 'test: {}', 'test.allow', 'is missing'],
    [14, 'test: { allow: {} }', 'test.allow', 'is empty'],
    [14, 'test: { allow: { group: [a] } }', 'test.allow.group', 'did you mean `groups`?'],
    [14, 'sessions: { cookie: "a b" }', 'sessions.cookie', 'must be a cookie name'],
    [14, 'sessions: { cookie: __Host-toolgate }', 'sessions.cookie', 'the gateway adds it'],
    [14, 'sessions: { idle: 90 }', 'sessions.idle', 'must be a duration above zero'],
    [14, 'sessions: { idle: 500ms }', 'sessions.idle', 'must be a duration above zero'],
    [14, 'sessions: { idle: 0s }', 'sessions.idle', 'must be a duration above zero'],
    [14, 'sessions: { idle: 31d }', 'sessions.idle', 'must not be longer than sessions.absolute'],
    [14, 'log: { audit: yes }', 'log.audit', 'must be stdout, off or the path of a file'],
    [14, 'log: { audit: /no/such/folder/audit.log }', 'log.audit', 'cannot be written (ENOENT); make its folder'],
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
  'the type of a provider': [
    [8, '  crm: { typ: oidc }', 'providers.crm.type', 'is missing; it is one of cognito, oidc, oauth2, auth0'],
    [8, '  crm: { type: OIDC, isuer: x }', 'providers.crm.type', 'did you mean `oidc`?'],
    [8, '  crm: { type: gitub, isuer: x }', 'providers.crm.type', 'did you mean `github`?'],
    [8, '  crm: { type: saml }', 'providers.crm.type', 'must be cognito, oidc, oauth2, auth0, entra'],
    [8, '  crm: { type: [oidc] }', 'providers.crm.type', 'must be text'],
    [8, '  crm: { type: "${NOPE}" }', 'providers.crm.type', 'NOPE is not set'],
    [8, '  crm: oidc', 'providers.crm', 'must be a mapping'],
    [8, '  crm: {}', 'providers.crm.type', 'is missing'],
    [
      8,
      `  crm: { type: okta, ${client}, ${okta}, issuer: "https://a.io" }`,
      'providers.crm.issuer',
      'unknown key `issuer`',
    ],
    [8, `  crm: { type: google, ${client}, sign_out: local }`, 'providers.crm.sign_out', 'unknown key `sign_out`'],
  ],
  'oidc and oauth2': [
    [8, `  crm: { type: oidc, ${client} }`, 'providers.crm.issuer', 'is missing; add it, for example https://'],
    [8, oidc('https://sso.example.com'), 'providers.crm.issuer', 'is a placeholder'],
    [8, oidc('http://sso.acme.io'), 'providers.crm.issuer', 'must be an https:// address'],
    [8, oidc('https://sso.acme.io/.well-known/openid-configuration'), 'providers.crm.issuer', 'the issuer alone'],
    [8, oidc('https://sso.acme.io', 'scopes: [email]'), 'providers.crm.scopes', 'must hold openid'],
    [8, oidc('https://sso.acme.io', 'jwks_uri: "https://example.com/k"'), 'providers.crm.jwks_uri', 'is a placeholder'],
    [
      8,
      oidc('https://sso.acme.io', 'client_authentication: basic'),
      'providers.crm.client_authentication',
      'must be client_secret_basic or client_secret_post',
    ],
    [
      8,
      `  crm: { type: oidc, issuer: "https://a.io", client_id: your-client-id }`,
      'providers.crm.client_id',
      'placeholder',
    ],
    [8, oauth2('subject: id'), 'providers.crm.userinfo_endpoint', 'is missing; subject is a field of what it answers'],
    [
      8,
      oauth2('userinfo_endpoint: "https://a.io/me", subject: a b'),
      'providers.crm.subject',
      'must be the name of one field',
    ],
    [8, oauth2('claims: { user: id }'), 'providers.crm.claims.user', 'unknown key `user`'],
    [8, oauth2('issuer: "https://a.io"'), 'providers.crm.issuer', 'unknown key'],
    [
      8,
      `  crm: { type: oauth2, token_endpoint: "https://a.io", ${client} }`,
      'providers.crm.authorization_endpoint',
      'missing',
    ],
  ],
  presets: [
    [8, preset('auth0', 'domain: YOUR_DOMAIN'), 'providers.crm.domain', 'your Auth0 domain here (Auth0 dashboard:'],
    [8, preset('auth0', 'domain: your-tenant.eu.auth0.com'), 'providers.crm.domain', 'is a placeholder'],
    [8, preset('auth0', 'domain: "{yourDomain}"'), 'providers.crm.domain', 'is a placeholder'],
    [8, preset('auth0', 'domain: "https://acme.eu.auth0.com/authorize"'), 'providers.crm.domain', 'without a path'],
    [8, preset('auth0', 'domain: auth.example.com'), 'providers.crm.domain', 'is a placeholder'],
    [
      8,
      '  crm: { type: auth0, domain: a.auth0.com, client_id: YOUR_CLIENT_ID }',
      'providers.crm.client_id',
      'Settings > Client ID',
    ],
    [8, preset('entra', 'tenant: common'), 'providers.crm.tenant', 'must be the ID of one tenant'],
    [8, preset('entra', 'tenant: acme.onmicrosoft.com'), 'providers.crm.tenant', 'must be the ID of one tenant'],
    [8, preset('entra', 'tenant: your-tenant'), 'providers.crm.tenant', 'is a placeholder'],
    [8, preset('entra', 'tenant: contoso.onmicrosoft.com'), 'providers.crm.tenant', 'is a placeholder'],
    [8, preset('entra', 'tenant: 00000000-0000-0000-0000-000000000000'), 'providers.crm.tenant', 'is a placeholder'],
    [8, '  crm: { type: github, client_id: abc }', 'providers.crm.client_secret', 'is missing'],
    [8, '  crm: { type: google, client_id: abc }', 'providers.crm.client_secret', 'is missing'],
    [
      8,
      '  crm: { type: google, client_id: 123456789012-abc.apps.googleusercontent.com, client_secret: x1 }',
      'providers.crm.client_id',
      'is a placeholder',
    ],
    [8, `  crm: { type: google, ${client}, scopes: [email] }`, 'providers.crm.scopes', 'must hold openid'],
    [8, preset('keycloak', 'realm: acme'), 'providers.crm.url', 'is missing; add it, for example https://sso.acme.io'],
    [
      8,
      preset('keycloak', 'realm: acme, url: "https://sso.acme.io/realms/acme"'),
      'providers.crm.url',
      'before /realms',
    ],
    [
      8,
      preset('keycloak', 'realm: acme, url: "https://keycloak.example.com"'),
      'providers.crm.url',
      'is a placeholder',
    ],
    [8, preset('keycloak', 'realm: your-realm, url: "https://a.io"'), 'providers.crm.realm', 'is a placeholder'],
    [8, preset('keycloak', 'realm: realms/acme, url: "https://a.io"'), 'providers.crm.realm', 'must be the name'],
    [8, preset('okta', 'domain: your-org.okta.com'), 'providers.crm.domain', 'is a placeholder'],
    [8, preset('okta', 'domain: acme-admin.okta.com'), 'providers.crm.domain', 'is that of the admin console'],
    [8, preset('okta', 'domain: "https://acme.okta.com/oauth2/default"'), 'providers.crm.domain', 'without a path'],
    [8, preset('okta', `${okta}, authorization_server: a/b`), 'providers.crm.authorization_server', 'must be the ID'],
    [8, preset('workos', 'domain: "https://<subdomain>.authkit.app"'), 'providers.crm.domain', 'is a placeholder'],
    [8, preset('workos', 'domain: api.workos.com'), 'providers.crm.domain', 'must be the AuthKit domain'],
  ],
  routes: [
    [10, '  - name: Reports', 'routes[0].name', 'must be lower-case letters'],
    [14, '    host: https://a.acme.io', 'routes[0].host', 'must be a host name as in the Host header'],
    [14, '    host: a.acme.io/tool', 'routes[0].host', 'no path'],
    [14, '    host: "*.acme.io"', 'routes[0].host', 'must be a host name'],
    [14, '    host: tools.acme.io:8443', 'routes[0].host', 'differs from another host in its port alone'],
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
    [12, '    # nothing', 'routes[0].upstream', 'is missing; add it, for example http://127.0.0.1:3000'],
    [12, '    forward_auth: false', 'routes[0].upstream', 'is missing'],
    [12, '    forward_auth: "true"', 'routes[0].forward_auth', 'must be true or false'],
    [12, '    forward_auth: true', 'routes[0].forward_auth', 'add forward_auth: { port: 9091 } at the top'],
    [12, '    upstream: 127.0.0.1:3000', 'routes[0].upstream', 'must be a whole http:// or https:// address'],
    [12, '    upstream: ftp://127.0.0.1', 'routes[0].upstream', 'must be a whole http:// or https:// address'],
    [12, '    upstream: http://me:pw@127.0.0.1', 'routes[0].upstream', 'must not hold a user name'],
    [12, '    upstream: http://127.0.0.1?x=1', 'routes[0].upstream', 'must not hold'],
    [12, '    upstream: "http://127.0.0.1#x"', 'routes[0].upstream', 'must not hold'],
    [13, '    access: signed-in', 'routes[0].access', 'must be signed_in, optional or public'],
    [14, '    sign_in: [crm]', 'routes[0].sign_in[0]', 'there is no provider of this name; there is cognito'],
    [14, '    sign_in: [cognito, cognito]', 'routes[0].sign_in[1]', 'is named twice'],
    [14, '    scopes: []', 'routes[0].scopes', 'is empty'],
    [14, '    scopes: [a b]', 'routes[0].scopes[0]', 'each as its own list item'],
    [13, '    access: public\n    scopes: [a]', 'routes[0].scopes', 'no one is checked'],
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
    ...ownHeaders.flatMap((header): Mistake[] => [
      [
        14,
        `    inject: { header: ${header}, value: "{id_token}" }`,
        'routes[0].inject.header',
        'is a header the gateway writes itself',
      ],
      [
        14,
        `    identity_headers: { ${header}: "{email}" }`,
        `routes[0].identity_headers.${header}`,
        'cannot carry an identity',
      ],
    ]),
    [
      14,
      '    inject: { header: X.Forwarded.For, value: "{id_token}" }',
      'routes[0].inject.header',
      'is a header the gateway writes itself',
    ],
    [14, '    accept: [grant]', 'routes[0].accept[0]', 'has no effect without mcp'],
    [14, '    accept: []', 'routes[0].accept', 'is empty'],
    [14, '    accept: [session, session]', 'routes[0].accept[1]', 'is named twice'],
    [13, '    access: public\n    accept: [provider_token]', 'routes[0].accept[0]', 'no one is checked'],
    [14, '    inject: id_token\n    accept: [session, provider_token]', 'routes[0].accept[1]', 'has no ID token'],
    [
      14,
      '    inject: { header: X-A, value: "{id_token}" }\n    accept: [provider_token]',
      'routes[0].accept[0]',
      'has no ID token',
    ],
    [14, '    allow: { clients: [abc] }', 'routes[0].allow.clients', 'add provider_token to accept'],
    [14, '    accept: [provider_token]\n    allow: { clients: [] }', 'routes[0].allow.clients', 'is empty'],
    [14, 'test: { allow: { clients: [abc] } }', 'test.allow.clients', 'unknown key'],
    [14, '    identity: jwt', 'routes[0].identity', 'must be none or signed'],
    [13, '    access: public\n    identity: signed', 'routes[0].identity', 'no one is known'],
    [14, '    identity_headers: some', 'routes[0].identity_headers', 'must be true, false or a map'],
    [14, '    identity_headers: {}', 'routes[0].identity_headers', 'is empty'],
    [14, '    identity_headers: { X-A: "{mail}" }', 'routes[0].identity_headers.X-A', 'braces may only hold {user}'],
    [14, '    identity_headers: { authorization: x }', 'routes[0].identity_headers.authorization', 'cannot carry'],
    [14, '    identity_headers: { X-A: x, x_a: y }', 'routes[0].identity_headers.x_a', 'is set twice'],
    [14, '    cors: { origin: [] }', 'routes[0].cors.origin', 'did you mean `origins`?'],
    [14, '    cors: { origins: https://a.io }', 'routes[0].cors.origins', 'must be a list'],
    [14, '    cors: { origins: ["*"] }', 'routes[0].cors.origins[0]', 'there is no wildcard'],
    [14, '    cors: { origins: ["https://*.a.io"] }', 'routes[0].cors.origins[0]', 'there is no wildcard'],
    [14, '    cors: { origins: ["null"] }', 'routes[0].cors.origins[0]', 'every sandboxed page'],
    ...[
      ...['.a.io', 'a.io', 'https://a.io/', 'https://a.io/x', 'https://A.io', 'HTTPS://a.io', 'https://a.io:443'],
      ...['http://a.io:80', 'https://a.io?x', 'https://u@a.io', 'ftp://a.io', 'https://ä.io', 'file://', 'https://'],
      ...['blob:https://a.io', ' https://a.io', 'https://a.io, https://b.io', '/^https:/'],
    ].map(
      (origin): Mistake => [
        14,
        `    cors: { origins: ["https://b.io", "${origin}"] }`,
        'routes[0].cors.origins[1]',
        'must be an origin such as https://app.acme.io',
      ],
    ),
    [14, '    cors: { credentials: yes }', 'routes[0].cors.credentials', 'must be true or false'],
    [14, '    cors: { credentials: true }', 'routes[0].cors.credentials', 'has no effect without origins'],
    [14, '    cache: public', 'routes[0].cache', 'must be private or shared'],
    [14, '    timeouts: { conect: 5s }', 'routes[0].timeouts.conect', 'did you mean `connect`?'],
    [14, '    max_body: 100', 'routes[0].max_body', 'must be a size above zero'],
    [14, '    max_body: 100mb', 'routes[0].max_body', 'must be a size above zero'],
    [14, '  - { name: reports, path: /b, upstream: "http://[::1]" }', 'routes[1].name', 'is that of routes[0] already'],
    [14, '  - { name: b, path: /reports, upstream: "http://[::1]" }', 'routes[1].path', 'is that of routes[0] already'],
  ],
  'MCP clients and servers': [
    [14, '    mcp: { challenge: eager }', 'routes[0].mcp.challenge', 'must be lazy or connect'],
    [13, '    mcp: {}\n    access: public', 'routes[0].access', 'must be signed_in beside mcp'],
    [13, '    mcp: {}\n    access: optional', 'routes[0].access', 'must be signed_in beside mcp'],
    [14, '    mcp: {}\n    accept: [provider_token]', 'routes[0].accept[0]', 'not made for this MCP server'],
    [14, '    mcp: { tool_providers: { a: crm } }', 'routes[0].mcp.tool_providers.a', 'there is cognito'],
    [
      14,
      '    inject: none\n    mcp: { tool_providers: { a: cognito } }',
      'routes[0].mcp.tool_providers.a',
      'has no effect beside inject: none',
    ],
    [14, '    mcp: { tool_scopes: { a: [] } }', 'routes[0].mcp.tool_scopes.a', 'is empty'],
    [
      14,
      '    mcp: { public_tools: [b, a], tool_scopes: { a: [x] } }',
      'routes[0].mcp.public_tools[1]',
      'tool_scopes asks for a user',
    ],
    ...['http://app.acme.io/cb', 'javascript:alert(1)', 'https://a.io/#x', 'https://me@a.io/', 'callback'].map(
      (uri): Mistake => [
        14,
        `mcp: { clients: [{ client_id: a, client_name: A, redirect_uris: ["${uri}"] }] }`,
        'mcp.clients[0].redirect_uris[0]',
        'must be https://',
      ],
    ),
    [
      14,
      'mcp: { clients: [{ client_id: "https://a.io/app", client_name: A, redirect_uris: ["https://a.io/"] }] }',
      'mcp.clients[0].client_id',
      'needs no entry here',
    ],
    ...[
      [
        'redirect_uris: ["a:/"] }, { client_id: a, client_name: B, redirect_uris: ["b:/"] }',
        '[1].client_id',
        'already',
      ],
      ['redirect_uris: ["a:/"], client_secret: s3, jwks_uri: "https://a.io/" }', '[0].jwks_uri', 'keep one'],
    ].map(
      ([keys, path, phrase = '']): Mistake => [
        14,
        `mcp: { clients: [{ client_id: a, client_name: A, ${keys}] }`,
        `mcp.clients${path}`,
        phrase,
      ],
    ),
  ],
}

const withPresented = (keys: string) => `    accept: [provider_token]\n    ${keys}`
const twoProviders = (crm: string, keys: string) => sampleWith({ 8: crm, 14: withPresented(keys) })

t.test('a presented token needs a provider of sign_in that says how it is verified, and goes upstream', async (t) => {
  const cases = [
    [sampleWith({ 6: '    # no pool', 14: withPresented('') }), 'give cognito its user_pool_id or issuer'],
    [sampleWith({ 6: '    issuer: https://a.io', 14: withPresented('') }), undefined],
    [twoProviders(oidc('https://sso.acme.io'), 'sign_in: [cognito, crm]'), undefined],
    [twoProviders(oidc('https://sso.acme.io'), 'provider: crm'), 'provider wants those of another'],
    [twoProviders(oidc('https://sso.acme.io'), 'sign_in: [cognito, crm]\n    provider: crm'), undefined],
    [twoProviders(preset('github', 'client_secret: s3cret'), 'sign_in: [crm]'), 'give crm its user_pool_id or issuer'],
    [twoProviders(oauth2('userinfo_endpoint: "https://a.io/m", subject: id'), 'sign_in: [crm]'), 'give crm its'],
  ] as const

  for (const [yaml, phrase] of cases) {
    const found = (await problemsOf(yaml)).filter(({ path }) => path === 'routes[0].accept[0]')
    t.match(
      found.map(({ message }) => message),
      phrase === undefined ? [] : [new RegExp(phrase)],
      yaml.slice(-120),
    )
    t.equal(found.length, phrase === undefined ? 0 : 1)
  }
})

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

t.test('what only matters on the way to an upstream is refused beside forward_auth', async (t) => {
  const around = `${trusting}\nforward_auth: { port: 9091 }`
  const problemsWith = async (...keys: string[]) => {
    const lines = ['forward_auth: true', ...keys].map((key) => `    ${key}`).join('\n')
    return (await problemsOf(`${sampleWith({ 12: lines })}\n${around}`)).map(
      ({ path, message }) => `${path} ${message}`,
    )
  }

  t.strictSame(await problemsWith(), [])
  t.match(await problemsWith('upstream: http://127.0.0.1:3000'), [/^routes\[0\]\.upstream has no effect/])
  t.match(await problemsWith('tls: {}'), [/^routes\[0\]\.tls has no effect/])
  t.match(await problemsWith('strip_path: true'), [/^routes\[0\]\.strip_path has no effect/])
  t.match(await problemsWith('cache: shared'), [/^routes\[0\]\.cache has no effect/])
  t.match(await problemsWith('cors: { origins: [https://a.acme.io] }'), [/^routes\[0\]\.cors\.origins has no effect/])
})

t.test('a listener that no route needs is pointed out', async (t) => {
  const { warnings } = await parseConfig(sampleWith({ 14: `${trusting}\nforward_auth: {}` }), 'toolgate.yaml', {})

  t.match(warnings, [{ path: 'forward_auth', message: /^no route has forward_auth: true/ }])
})

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

t.test('who can only be connected is no one to sign in with', async (t) => {
  const named = await problemsOf(sampleWith({ 8: oauth2(), 14: '    sign_in: [cognito, crm]' }))
  const asDefault = await problemsOf(sampleWith({ 3: `${oauth2()}\n  cognito:` }))
  const asToken = await problemsOf(sampleWith({ 8: oauth2(), 14: '    provider: crm' }))
  const elsewhere = await problemsOf(sampleWith({ 3: `${oauth2()}\n  cognito:`, 14: '    sign_in: [cognito]' }))
  const complete = await problemsOf(
    sampleWith({ 8: oauth2('userinfo_endpoint: "https://a.io/me", subject: id'), 14: '    sign_in: [crm]' }),
  )

  t.match(named, [{ path: 'routes[0].sign_in[1]', line: 14, message: /^can only be connected/ }])
  t.match(asDefault, [{ path: 'providers.crm', line: 3, message: /^is the first, .* can only be connected/ }])
  t.strictSame([asToken, elsewhere, complete], [[], [], []])
})

t.test('an ID token is not to be had from a provider without OpenID Connect', async (t) => {
  const github = preset('github', 'client_secret: s3cret')
  const needless = '    provider: crm\n    inject: { header: X-Token, value: "{access_token}" }'
  const route = (provider: string, keys: string) => problemsOf(sampleWith({ 8: provider, 14: keys }))

  for (const provider of [oauth2(), github]) {
    const found = [
      await route(provider, '    provider: crm\n    inject: id_token'),
      await route(provider, '    provider: crm\n    inject: { header: X-Token, value: "{id_token}" }'),
      await route(provider, '    mcp: { tool_providers: { a: crm } }\n    inject: id_token'),
    ]
    for (const [problem] of found) t.match(problem, { path: 'routes[0].inject', message: 'crm gives none' })
    t.strictSame(await route(provider, needless), [])
    t.strictSame(await route(provider, '    inject: id_token'), [], 'that of the sign-in is meant')
  }
  t.match(
    await route(
      oauth2('userinfo_endpoint: "https://a.io/me", subject: id'),
      '    sign_in: [cognito, crm]\n    inject: id_token',
    ),
    [{ path: 'routes[0].inject', message: 'crm gives none' }],
  )
})

t.test('a provider of unknown type says nothing more about routes that name it', async (t) => {
  const problems = await problemsOf(sampleWith({ 8: '  crm: { type: x }', 14: '    sign_in: [crm]' }))

  t.strictSame(
    problems.map(({ path }) => path),
    ['providers.crm.type'],
  )
})

t.test('a provider name that cannot be hides nothing that is wrong below it', async (t) => {
  const problems = await problemsOf(sampleWith({ 3: '  Cognito:', 5: '    domian: https://x.io', 8: '    scopes: []' }))

  t.strictSame(
    problems.map(({ path, line }) => `${line} ${path}`),
    ['3 providers.Cognito', '5 providers.Cognito.domian', '8 providers.Cognito.scopes'],
  )
})

t.test('a route may not be where root aliases answer', async (t) => {
  const at = (path: string) => sampleWith({ 11: `    path: ${path}`, 14: 'mcp: { root_aliases: true }' })

  for (const path of ['/authorize', '/token/x', '/register']) {
    t.match(await problemsOf(at(path)), [{ path: 'routes[0].path', message: /is that of mcp.root_aliases/ }], path)
  }
  t.strictSame(await problemsOf(at('/tokens')), [])
})
