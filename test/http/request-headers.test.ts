import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { receivedBy, startEcho } from '../support/echo.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const echo = await startEcho(t)
const at = (name: string, more: object = {}) => ({ name, path: `/${name}`, upstream: echo.url, ...more })
const { origin, cognito } = await startStack(t, {
  config: {
    routes: [
      at('tool'),
      at('open', { access: 'public' }),
      at('maybe', { access: 'optional' }),
      at('id', { inject: 'id_token', identity_headers: false }),
      at('none', { inject: 'none' }),
      at('own', {
        inject: { header: 'X-Api-Token', value: 'Token {access_token}' },
        identity_headers: { 'X-Webauth-User': '{email}', 'X-Who': '{provider}/{sub} in {groups}' },
      }),
    ],
  },
})
const { host } = new URL(origin)
const browser = createBrowser()
await browser.signIn(`${origin}/tool`)
const session = browser.cookieHeader(origin)
const ours = `Cookie: ${session}`

const received = receivedBy(origin, echo)

t.test("the client's Authorization reaches a tool only where nothing is injected", async (t) => {
  const evil = 'Authorization: Basic ZXZpbA=='

  t.match((await received(t, '/tool', ours, evil)).authorization, /^Bearer eyJ/)
  t.match((await received(t, '/id', ours, evil)).authorization, /^Bearer eyJ/)
  t.equal((await received(t, '/own', ours, evil)).authorization, undefined)
  t.equal((await received(t, '/open', ours, evil)).authorization, undefined)
  t.equal((await received(t, '/maybe', evil)).authorization, undefined)
  t.equal((await received(t, '/none', ours, evil)).authorization, 'Basic ZXZpbA==')
})

t.test('each way to inject', async (t) => {
  const claimsOf = (bearer = '') => JSON.parse(Buffer.from(bearer.split('.')[1] ?? '', 'base64url').toString())
  const sub = claimsOf((await received(t, '/tool', ours)).authorization).sub

  t.match(claimsOf((await received(t, '/tool', ours)).authorization), { token_use: 'access', iss: cognito.issuer })
  t.match(claimsOf((await received(t, '/id', ours)).authorization), { token_use: 'id', email: 'ada@example.com' })
  const own = await received(t, '/own', ours)
  t.match(own['x-api-token'], /^Token eyJ/)
  t.equal(own['x-webauth-user'], 'ada@example.com')
  t.equal(own['x-who'], `cognito/${sub} in analysts`)
  t.equal(own['x-forwarded-user'], undefined)
  t.match(await received(t, '/tool', ours), {
    'x-forwarded-user': `cognito:${sub}`,
    'x-forwarded-email': 'ada@example.com',
    'x-forwarded-groups': 'analysts',
    'x-forwarded-preferred-username': 'ada',
  })
  t.equal((await received(t, '/id', ours))['x-forwarded-user'], undefined)
  t.equal((await received(t, '/none', ours))['x-forwarded-email'], 'ada@example.com')
})

t.test('on public routes, and on optional ones for nobody, nothing is injected', async (t) => {
  for (const headers of [await received(t, '/open', ours), await received(t, '/maybe')]) {
    t.equal(headers.authorization, undefined)
    t.equal(headers['x-forwarded-user'], undefined)
  }
  t.match((await received(t, '/maybe', ours)).authorization, /^Bearer eyJ/)
})

t.test('our cookies stay here, all others go on', async (t) => {
  const lines = [`Cookie: a=1; ${session}; b="2 ; toolgate.a.xyz=3`, 'Cookie: toolgate.u=1; toolgatex=4; x=toolgate=5']

  const headers = await received(t, '/tool', ...lines)

  t.equal(headers.cookie, 'a=1; b="2; toolgatex=4; x=toolgate=5')
  t.equal((await received(t, '/tool', ours)).cookie, undefined)
  t.equal((await received(t, '/open', ours, 'Cookie: c=1')).cookie, 'c=1')
})

t.test('no header becomes the proxy of a CGI program', async (t) => {
  t.notMatch(JSON.stringify(await received(t, '/open', 'Proxy: http://evil', 'PROXY: http://evil')), 'evil')
})

t.test('where the request came in is told by us alone', async (t) => {
  const headers = await received(t, '/open')

  t.match(headers, {
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': host,
    'x-forwarded-proto': 'http',
    forwarded: `for=127.0.0.1;host="${host}";proto=http`,
  })
})

t.test('everything else goes on as it came', async (t) => {
  const lines = [
    'Accept-Encoding:',
    'X-Latin: caf\xe9',
    'X-Twice: 1',
    'X-Twice: 2',
    'User-Agent: me',
    'Origin: null',
    'Constructor: x',
    '__proto__: y',
  ]

  const headers = await received(t, '/open', ...lines)

  t.match(headers, {
    'accept-encoding': '',
    'x-latin': 'caf\xe9',
    'x-twice': '1, 2',
    'user-agent': 'me',
    origin: 'null',
    constructor: 'x',
  })
})

t.test('TRACE passes nowhere: the answer would show the token', async (t) => {
  const before = echo.received.length

  for (const path of ['/tool', '/open', '/oauth/me']) {
    t.equal((await sendRaw(origin, [`TRACE ${path} HTTP/1.1`, `Host: ${host}`, ours])).status, 404)
  }

  t.equal(echo.received.length, before)
})
