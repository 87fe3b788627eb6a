import { randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { sendRaw } from '../support/raw.ts'
import { startRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'

const front = (name: string, more: object = {}) => ({ name, path: `/${name}`, forward_auth: true, ...more })
const port = await freePort()
const forward_auth = { host: '127.0.0.1', port }
const trusted_proxies = ['127.0.0.1/32']
const upstream = 'http://127.0.0.1:9'
const { origin } = await startStack(t, {
  config: {
    forward_auth,
    trusted_proxies,
    routes: [
      front('tool'),
      front('operators', { allow: { groups: ['operators'] } }),
      front('open', { access: 'public' }),
      front('maybe', { access: 'optional' }),
      front('none', { inject: 'none', identity_headers: false }),
      front('own', {
        inject: { header: 'X-Api-Token', value: 'Token {access_token}' },
        identity_headers: { 'X-Webauth-User': '{email}' },
      }),
      front('signed', { identity: 'signed' }),
      front('bearer', { accept: ['provider_token'] }),
      front('scoped', { scopes: ['reports/write'] }),
      { name: 'proxied', path: '/proxied', upstream, access: 'public' },
    ],
  },
  client: { scopes: ['openid', 'profile', 'email', 'reports/read', 'reports/write'] },
})
const { host } = new URL(origin)
const auth = `http://127.0.0.1:${port}`
const ada = createBrowser()
await ada.open(`${origin}/oauth/sign-in?return_to=/oauth/`).then((page) => ada.submitSignIn(page, 'ada'))
const cookie = `Cookie: ${ada.cookieHeader(origin)}`
const navigation = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'Sec-Fetch-Site: none']
const redirecting = '/oauth/auth?unauthenticated=redirect'

/** As Traefik and Caddy ask. */
const about = (uri: string, method = 'GET') => [
  `X-Forwarded-Method: ${method}`,
  `X-Forwarded-Host: ${host}`,
  `X-Forwarded-Uri: ${uri}`,
]
/** As nginx asks. */
const nginxAbout = (uri: string, method = 'GET') => [
  `X-Original-Method: ${method}`,
  `X-Original-URL: http://${host}${uri}`,
]

const call = (target: string, ...lines: string[]) =>
  sendRaw(auth, [`GET ${target} HTTP/1.1`, 'Host: auth.test', ...lines])
const ask = (...lines: string[]) => call('/oauth/auth', ...lines)
const codeOf = ({ body }: { body: string }) => JSON.parse(body).code

t.test('who may pass is told with the headers to set, in either form', async (t) => {
  for (const lines of [about('/tool/x?y=1'), nginxAbout('/tool/x?y=1')]) {
    const answer = await ask(...lines, cookie)

    t.equal(answer.status, 200)
    t.equal(answer.body, '')
    t.match(answer.headers.get('authorization'), [/^Bearer eyJ/])
    t.match(answer.headers.get('x-forwarded-email'), ['ada@example.com'])
    t.strictSame(answer.headers.get('cache-control'), ['no-store'])
    t.notOk(answer.headers.has('set-cookie'))
  }
})

const sets = {
  '/tool':
    /^authorization,cookie,x-api-token,x-forwarded-email,x-forwarded-groups,x-forwarded-preferred-username,x-forwarded-user,x-toolgate-identity,x-webauth-user$/,
  '/none':
    /^cookie,x-api-token,x-forwarded-email,x-forwarded-groups,x-forwarded-preferred-username,x-forwarded-user,x-toolgate-identity,x-webauth-user$/,
}

t.test('the headers to set are always all of them, empty where there is nothing to say', async (t) => {
  const ours = /^(authorization|cookie|x-)/
  const setBy = async (uri: string, ...lines: string[]) => {
    const { status, headers } = await ask(...about(uri), ...lines)
    t.equal(status, 200, uri)
    return Object.fromEntries(
      [...headers].filter(([name]) => ours.test(name)).map(([name, value]) => [name, value.join()]),
    )
  }
  const namesOf = (headers: object) => Object.keys(headers).toSorted().join()
  const nothing = (headers: object) => Object.values(headers).every((value) => value === '')

  for (const uri of ['/tool', '/own', '/open', '/maybe']) t.match(namesOf(await setBy(uri, cookie)), sets['/tool'], uri)
  t.match(namesOf(await setBy('/none', cookie)), sets['/none'])
  t.ok(nothing(await setBy('/open', cookie)), 'nobody is known on a public route')
  t.ok(nothing(await setBy('/maybe')), 'nor without a session')
  t.ok(nothing(await setBy('/none', cookie)))
  t.match(await setBy('/own', cookie), {
    authorization: '',
    'x-api-token': /^Token eyJ/,
    'x-webauth-user': 'ada@example.com',
    'x-forwarded-user': '',
  })
  t.match(await setBy('/maybe', cookie, 'Cookie: a=1; toolgate.x=2', 'X-Forwarded-User: evil'), {
    cookie: 'a=1',
    'x-forwarded-user': /^cognito:/,
  })
})

t.test('a signed identity is among them', async (t) => {
  const { headers } = await ask(...about('/signed'), cookie)

  t.match(decodeJwt(headers.get('x-toolgate-identity')?.[0] ?? ''), {
    iss: origin,
    aud: 'signed',
    email: 'ada@example.com',
  })
})

t.test('nobody is told where to sign in; a page load is sent there where the proxy can', async (t) => {
  const location = `${origin}/oauth/sign-in?return_to=${encodeURIComponent('/tool/x?y=%20&z')}`
  const uri = '/tool/x?y=%20&z'

  const told = await ask(...nginxAbout(uri), ...navigation)
  const sent = await call(redirecting, ...about(uri), ...navigation)
  const script = await call(redirecting, ...about(uri), 'Accept: */*')
  const form = await call(redirecting, ...about(uri, 'POST'), ...navigation)

  t.strictSame([told.status, told.headers.get('location')], [401, [location]])
  t.strictSame(told.headers.get('www-authenticate'), ['Bearer'])
  t.equal(codeOf(told), 'sign_in_required')
  t.strictSame([sent.status, sent.headers.get('location')], [302, [location]])
  t.notOk(sent.headers.has('set-cookie'))
  for (const answer of [script, form]) t.strictSame([answer.status, codeOf(answer)], [401, 'sign_in_required'])
  for (const answer of [told, sent, script]) t.strictSame(answer.headers.get('cache-control'), ['no-store'])
})

t.test('an address that is too long to come back to does not make the answer long', async (t) => {
  const { headers } = await ask(...about(`/tool?${'x'.repeat(4_000)}`))

  t.strictSame(headers.get('location'), [`${origin}/oauth/sign-in`])
})

t.test('the rules decide on the request that is held, not on the question', async (t) => {
  const asked = async (...lines: string[]) => (await ask(...lines, cookie)).status

  t.equal(await asked(...about('/operators')), 403)
  t.equal(await asked(...about('/tool', 'POST'), `Origin: ${origin}`), 200)
  t.equal(await asked(...about('/tool', 'POST'), 'Origin: https://evil.test'), 403)
  t.equal(await asked(...about('/tool', 'POST')), 403)
  t.equal(await asked(...about('/tool', 'post')), 403)
  t.equal(await asked(...about('/tool'), 'Sec-Fetch-Site: cross-site'), 401)
  t.equal(await asked(...about('/tool', 'HEAD')), 200)
  t.equal(await asked(...about('/tool', 'TRACE')), 404)
  const preflight = ['Origin: https://evil.test', 'Access-Control-Request-Method: PUT']
  for (const uri of ['/tool', '/open', '/maybe']) t.equal(await asked(...about(uri, 'OPTIONS'), ...preflight), 403, uri)
})

t.test('method, host and URI must be there, each once, in one form', async (t) => {
  const [method = '', named = '', uri = ''] = about('/tool')
  const [originalMethod = '', originalUrl = ''] = nginxAbout('/tool')
  const bad = [
    ...[[], [method, named], [method, uri], [named, uri]],
    ...[method, named, uri].map((line) => [method, named, uri, line]),
    ...['', ' '].map((value) => [method, named, `X-Forwarded-Uri: ${value}`]),
    ...[
      [originalMethod],
      [originalUrl],
      [originalMethod, originalMethod, originalUrl],
      [originalMethod, originalUrl, originalUrl],
    ],
    ...[
      [originalMethod, originalUrl, uri],
      [originalMethod, originalUrl, method],
      [method, named, uri, originalUrl],
    ],
    ...[
      [method, named, uri, originalMethod],
      [originalMethod, 'X-Original-URL: /tool'],
    ],
    ...[
      'tool',
      '//tool',
      '/x/../tool',
      '/%2e%2e/tool',
      '/tool%2fx',
      '/tool\\x',
      '/tool#x',
      'http://evil.test/tool',
    ].map((address) => about(address)),
  ]

  for (const lines of bad) {
    const answer = await ask(...lines, cookie)
    t.equal(answer.status, 400, lines.join(' | '))
    t.match(codeOf(answer), /^bad_(request|path)$/)
  }
  for (const query of ['?', '?x=1', '?unauthenticated=no', '?unauthenticated=redirect&x', '?unauthenticated=redirect?'])
    t.equal((await call(`/oauth/auth${query}`, ...about('/tool'), cookie)).status, query === '?' ? 200 : 400, query)
})

t.test('what is not one of these routes is refused', async (t) => {
  const at = (name: string) => ['X-Forwarded-Method: GET', `X-Forwarded-Host: ${name}`, 'X-Forwarded-Uri: /tool']

  for (const uri of [
    '/nowhere',
    '/',
    '/toolx',
    '/Tool',
    '/proxied',
    '/oauth/auth',
    '/oauth/me',
    '/.well-known/toolgate',
  ])
    t.equal((await ask(...about(uri), cookie)).status, 404, uri)
  for (const name of ['evil.test', `${host}, evil.test`, `${host}.`, `me@${host}`])
    t.equal((await ask(...at(name), cookie)).status, 421, name)
  for (const target of [
    '/',
    '/oauth',
    '/oauth/authx',
    '/oauth/me',
    '/oauth/%61uth',
    '/healthz',
    `http://auth.test/oauth/auth`,
  ])
    t.equal((await call(target, ...about('/tool'), cookie)).status, 404, target)
})

t.test('the query decides nothing', async (t) => {
  t.equal((await ask(...about('/tool?x=/open'))).status, 401)
  t.equal((await ask(...about('/tool?/../open'))).status, 401)
})

t.test('as Traefik asks: all headers of the client, of a request whose body stays there', async (t) => {
  const client = ['User-Agent: me', 'Content-Type: application/json', `Origin: ${origin}`, cookie]
  const more = [
    'X-Forwarded-For: 192.0.2.1',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 443',
    'Accept-Encoding: gzip',
  ]

  const answer = await call(redirecting, ...client, ...about('/tool', 'PUT'), ...more)

  t.equal(answer.status, 200)
  t.match(answer.headers.get('authorization'), [/^Bearer/])
})

t.test('as Envoy asks: the request itself, with our address before its path', async (t) => {
  const envoy = (method: string, target: string, ...lines: string[]) =>
    sendRaw(auth, [`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 0', ...lines])

  const passed = await envoy('POST', '/oauth/auth/tool/x?y=1', cookie, `Origin: ${origin}`, 'Content-Type: text/x')
  const nobody = await envoy('GET', '/oauth/auth/tool/x?unauthenticated=no', ...navigation)
  const script = await envoy('GET', '/oauth/auth/tool')
  const head = await envoy('HEAD', '/oauth/auth/tool', cookie)

  t.equal(passed.status, 200)
  t.match(passed.headers.get('x-forwarded-email'), ['ada@example.com'])
  t.equal(nobody.status, 302)
  t.strictSame(nobody.headers.get('location'), [
    `${origin}/oauth/sign-in?return_to=${encodeURIComponent('/tool/x?unauthenticated=no')}`,
  ])
  t.equal(script.status, 401)
  t.equal(head.status, 200)
  t.equal((await envoy('POST', '/oauth/auth/tool', cookie)).status, 403)
  t.equal((await envoy('PROPFIND', '/oauth/auth/tool', cookie, `Origin: ${origin}`)).status, 200)
  for (const target of ['//tool', '/x/../tool', '/%2e%2e/tool', '/tool%2fx'])
    t.equal((await envoy('GET', `/oauth/auth${target}`, cookie)).status, 400, target)
  for (const line of [...about('/open').filter((text) => !/Host/.test(text)), ...nginxAbout('/open')])
    t.equal((await envoy('GET', '/oauth/auth/tool', cookie, line)).status, 400, line)
  t.equal((await envoy('GET', '/oauth/auth/tool', cookie, `Host: ${host}`)).status, 400)
})

t.test('a body that comes along is nobody’s business here', async (t) => {
  const headers = [...nginxAbout('/tool', 'POST'), `Origin: ${origin}`, cookie, 'Content-Type: application/json']
  const body = 'x'.repeat(3_000_000)

  for (const method of ['GET', 'POST']) {
    const lines = [`${method} /oauth/auth HTTP/1.1`, 'Host: a', `Content-Length: ${body.length}`, ...headers]
    t.equal((await sendRaw(auth, lines, body)).status, 200, method)
  }
})

t.test('an upgrade is asked about as any request', async (t) => {
  const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
  const lines = ['GET /oauth/auth HTTP/1.0', 'Host: a', ...upgrade, ...about('/tool')]

  t.equal((await sendRaw(auth, [...lines, cookie, `Origin: ${origin}`])).status, 200)
  t.equal((await sendRaw(auth, [...lines, cookie, 'Origin: https://evil.test'])).status, 401)
})

t.test('scopes that are missing are asked for where the proxy passes redirects on', async (t) => {
  const told = await ask(...about('/scoped'), cookie, ...navigation)
  const sent = await call(redirecting, ...about('/scoped'), cookie, ...navigation)

  t.strictSame([told.status, codeOf(told)], [403, 'insufficient_scope'])
  t.equal(sent.status, 302)
  t.match(sent.headers.get('location'), [/\/oauth2\/authorize\?.*scope=[^&]*reports%2Fwrite/])
  t.match(sent.headers.get('set-cookie'), [/^toolgate\.a\./])
})

t.test(
  'a bearer of the client counts where the route takes them; where it is bad, signing in does not help',
  async (t) => {
    const mine = (await ask(...about('/tool'), cookie)).headers.get('authorization')?.[0] ?? ''

    const passed = await ask(...about('/bearer', 'POST'), `Authorization: ${mine}`)
    const refused = await call(redirecting, ...about('/bearer'), `Authorization: ${mine}x`, ...navigation)
    const nobody = await call(redirecting, ...about('/bearer'), cookie, ...navigation)
    const twice = await ask(...about('/bearer'), `Authorization: ${mine}`, 'Authorization: Bearer x')

    t.equal(passed.status, 200)
    t.strictSame(passed.headers.get('authorization'), [mine])
    t.strictSame([refused.status, codeOf(refused)], [401, 'invalid_token'])
    t.strictSame([nobody.status, codeOf(nobody)], [401, 'token_required'])
    t.notOk(refused.headers.has('location') || nobody.headers.has('location'))
    t.equal(twice.status, 400)
    t.equal((await ask(...about('/tool'), `Authorization: ${mine}`)).status, 401, 'elsewhere it is no credential')
  },
)

t.test('on the public port nobody is asked, and what a request says of another decides nothing', async (t) => {
  const lies = [
    ...about('/proxied'),
    `X-Original-URL: ${origin}/proxied`,
    'X-Original-Method: GET',
    'X-Rewrite-URL: /proxied',
  ]

  for (const target of ['/tool', '/oauth/auth', '/oauth/auth/tool', '/operators']) {
    const plain = await sendRaw(origin, [`GET ${target} HTTP/1.1`, `Host: ${host}`, cookie])
    const lying = await sendRaw(origin, [`GET ${target} HTTP/1.1`, `Host: ${host}`, cookie, ...lies])
    t.strictSame([plain.status, lying.status], [404, 404], target)
  }
})

t.test('only trusted proxies are answered', async (t) => {
  const other = { ...forward_auth, port: await freePort() }
  await startStack(t, { config: { forward_auth: other, trusted_proxies: ['192.0.2.0/24'], routes: [front('tool')] } })

  for (const lines of [about('/tool'), [...about('/tool'), 'X-Forwarded-For: 192.0.2.1'], []]) {
    const lying = await sendRaw(`http://127.0.0.1:${other.port}`, ['GET /oauth/auth HTTP/1.1', 'Host: a', ...lines])
    t.strictSame([lying.status, codeOf(lying)], [403, 'proxy_not_trusted'])
  }
})

t.test('while sessions cannot be read nobody passes, and nobody is sent to sign in', async (t) => {
  const redis = await startRedis(t)
  const other = { ...forward_auth, port: await freePort() }
  let ahead = 0
  const { origin } = await startStack(t, {
    now: () => Date.now() + ahead,
    config: {
      ...{ forward_auth: other, trusted_proxies, routes: [front('tool'), front('maybe', { access: 'optional' })] },
      ...{ store: { url: redis.url, serve_cached_for: 0 }, encryption_keys: [randomBytes(32).toString('base64')] },
    },
  })
  const browser = createBrowser()
  await browser.open(`${origin}/oauth/sign-in`).then((page) => browser.submitSignIn(page, 'ada'))
  await redis.kill()
  // What was read before is to be asked for again, whether the end was noticed yet or not.
  ahead = 15_000

  for (const uri of ['/tool', '/maybe']) {
    const lines = ['X-Forwarded-Method: GET', `X-Forwarded-Host: ${new URL(origin).host}`, `X-Forwarded-Uri: ${uri}`]
    const asked = [`GET ${redirecting} HTTP/1.1`, 'Host: a', ...lines, ...navigation]
    const answer = await sendRaw(`http://127.0.0.1:${other.port}`, [
      ...asked,
      `Cookie: ${browser.cookieHeader(origin)}`,
    ])
    t.strictSame([answer.status, codeOf(answer)], [503, 'store_unavailable'])
    t.match(answer.headers.get('retry-after'), [/^\d+$/])
    t.notOk(answer.headers.has('set-cookie'))
  }
})

t.test('what is no HTTP is 400', async (t) => {
  t.equal((await sendRaw(auth, ['GET /oauth/auth'])).status, 400)
})
