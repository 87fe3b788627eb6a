import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const stack = await startStack(t)
const { origin, echo } = stack
const { host } = new URL(origin)

const get = (target: string, ...headers: string[]) =>
  sendRaw(origin, [`GET ${target} HTTP/1.1`, `Host: ${host}`, ...headers])
const codeOf = ({ body }: { body: string }) => JSON.parse(body).code

t.test('the tool gets the canonical path, byte for byte, and the query as it came', async (t) => {
  const asked = [
    ['/open', '/open'],
    ['/open/a/b/', '/open/a/b/'],
    ['/%6Fpen/%61%2D%7e', '/open/a-~'],
    ['/open/caf%c3%a9/%ff', '/open/caf%C3%A9/%FF'],
    ['/open/a%3bb;c=d', '/open/a%3Bb;c=d'],
    ["/open/$&'()*+,=:@", "/open/$&'()*+,=:@"],
    ['/open?', '/open?'],
    ['/open?a=%61&b=/../%2F//\\&c=a+b&d=[x]|"<>', '/open?a=%61&b=/../%2F//\\&c=a+b&d=[x]|"<>'],
    ['/open?/admin', '/open?/admin'],
  ]

  for (const [target = '', received] of asked) {
    const answer = await get(target)

    t.equal(answer.status, 200, target)
    t.equal(echo.received.at(-1)?.url, received, target)
  }
})

t.test('an encoded prefix is the prefix', async (t) => {
  const { status } = await get('/%61nalysts/x')

  t.equal(status, 401)
})

t.test('an address that could be read in two ways reaches no tool', async (t) => {
  const before = echo.received.length
  const tails = [
    ...['/..', '/../tool', '/%2e%2e/tool', '/..;x/tool', '/..\\tool', '/%5c', '/%2f', '/%00', '/#', '/%23', '//'],
    ...['/%252e%252e/tool', '/%252f', '/%25%32%65', '/./', '/a//b', '/%zz', '/%'],
  ]

  for (const tail of tails) {
    for (const prefix of ['/tool', '/open', '/oauth', '']) {
      const answer = await get(prefix + tail)
      t.equal(answer.status, 400, prefix + tail)
      t.equal(codeOf(answer), 'bad_path', prefix + tail)
    }
  }
  t.equal(echo.received.length, before)
})

t.test('path parameters cannot lead around a route', async (t) => {
  const routes = [
    { name: 'rest', path: '/', upstream: echo.url, access: 'public' },
    { name: 'admin', path: '/admin', upstream: echo.url },
  ]
  const { origin } = await startStack(t, { config: { routes } })
  const ask = (target: string) => sendRaw(origin, [`GET ${target} HTTP/1.1`, `Host: ${new URL(origin).host}`])

  t.equal((await ask('/anything;x')).status, 200)
  t.equal((await ask('/admin/x;y')).status, 401)
  for (const target of ['/admin;x', '/admin;x/y', '/admin%3bx', '/oauth;x/me', '/.well-known/toolgate;x/jwks.json']) {
    const answer = await ask(target)
    t.equal(answer.status, 400, target)
    t.equal(codeOf(answer), 'bad_path', target)
  }
  for (const target of [
    '/oauth/none',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-protected-resource/x',
  ]) {
    t.equal((await ask(target)).status, 404, target)
  }
})

t.test('our own pages are found by their canonical address too', async (t) => {
  t.equal((await get('/%6fauth/me')).status, 401)
  t.equal((await get('/oauth')).status, 200)
  t.equal((await get('/oauth/assets/%ff')).status, 400)
  t.equal((await get(`/oauth/assets/${'x'.repeat(500)}`)).status, 404)
})

t.test('headers that only claim another address change nothing', async (t) => {
  const claims = ['Uri', 'Path', 'Prefix', 'Host'].map((name) => `X-Forwarded-${name}: /open`)

  const { status } = await get('/tool', ...claims, 'X-Original-URL: /open', 'X-Rewrite-URL: /open')

  t.equal(status, 401)
})

t.test('an address with scheme and host must name the host that is asked', async (t) => {
  const ours = await get(`http://${host}/open/a?b=%61`)
  t.equal(ours.status, 200)
  t.equal(echo.received.at(-1)?.url, '/open/a?b=%61')
  t.equal(echo.received.at(-1)?.headers['x-forwarded-host'], host)
  t.equal((await get(`HTTP://${host.toUpperCase()}/oauth/me`)).status, 401)
  t.equal((await get(`http://${host}`)).status, 302)

  const others = ['http://other.test/open', `http://u@${host}/open`, 'http:///open', `http://${host}.evil.test/open`]
  for (const target of others) {
    const answer = await get(target)
    t.equal(answer.status, 400, target)
    t.equal(codeOf(answer), 'bad_request', target)
  }
  t.equal((await get(`http://${host}/open/../tool`)).status, 400)
  t.equal((await get(`ftp://${host}/open`)).status, 400)
})

t.test('a header that decides may be there once', async (t) => {
  const twice = [
    [`Host: ${host}`],
    ['Authorization: Bearer a', 'Authorization: Bearer b'],
    ['authorization: Bearer a', 'AUTHORIZATION: Bearer a'],
  ]

  for (const lines of twice) {
    const answer = await get('/open', ...lines)
    t.equal(answer.status, 400, lines.join())
    t.equal(codeOf(answer), 'bad_request', lines.join())
  }
  const lengths = await sendRaw(origin, [
    'POST /open HTTP/1.1',
    `Host: ${host}`,
    'Content-Length: 1',
    'Content-Length: 1',
  ])
  t.equal(lengths.status, 400)
  t.equal(codeOf(lengths), 'bad_request')
  const both = ['POST /open HTTP/1.1', `Host: ${host}`, 'Content-Length: 5', 'Transfer-Encoding: chunked']
  t.equal((await sendRaw(origin, both, '0\r\n\r\n')).status, 400)
})

t.test('a host that is not ours is told so', async (t) => {
  for (const other of ['other.test', 'localhost', `localhost.:${new URL(origin).port}`, `x@${host}`, '']) {
    const answer = await sendRaw(origin, ['GET /open HTTP/1.1', `Host: ${other}`])
    t.equal(answer.status, 421, other)
    t.equal(codeOf(answer), 'host_unknown', other)
  }
  const old = await sendRaw(origin, ['GET /open HTTP/1.0'])
  t.equal(old.status, 421)
  t.equal((await sendRaw(origin, ['GET /open HTTP/1.0', `Host: ${host}`])).status, 200)
  t.equal((await sendRaw(origin, ['GET /open HTTP/1.1'])).status, 400, 'HTTP/1.1 without a host')
})

t.test('the page on a host that is not ours takes everything from ours', async (t) => {
  const page = await createBrowser().load(`${origin}/tool`, { headers: { host: 'other.test' } })

  t.equal(page.status, 421)
  t.match(page.body, 'other.test')
  const addresses = [...page.body.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address]) => address)
  t.ok(addresses.length >= 4)
  for (const address of addresses) t.match(address, `${origin}/oauth/`)
  t.match(page.headers['content-security-policy'], `style-src 'self' ${origin}; img-src 'self' ${origin} data:`)
})

t.test('the port of the scheme may be written out', async (t) => {
  const routes = [{ name: 'open', path: '/open', upstream: echo.url, access: 'public' }]
  const http = await startStack(t, { config: { public_url: 'http://localhost', routes } })
  const port = String(http.yaml.listen.port)
  const at = (name: string) => sendRaw(`http://127.0.0.1:${port}`, ['GET /open HTTP/1.1', `Host: ${name}`])

  t.equal((await at('localhost:80')).status, 200)
  t.equal(echo.received.at(-1)?.headers['x-forwarded-host'], 'localhost')
  t.equal((await at('LOCALHOST')).status, 200)
  t.equal((await at('localhost:443')).status, 421)
})
