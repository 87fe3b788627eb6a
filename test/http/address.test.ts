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

t.test('our own pages are found by their canonical address too', async (t) => {
  t.equal((await get('/%6fauth/me')).status, 401)
  t.equal((await get('/oauth')).status, 200)
  t.equal((await get('/oauth/assets/%ff')).status, 400)
  t.equal((await get(`/oauth/assets/${'x'.repeat(500)}`)).status, 404)
})

t.test('what is ours and not there is no route, whatever covers it', async (t) => {
  const routes = [{ name: 'rest', path: '/', upstream: echo.url, access: 'public' }]
  const { origin } = await startStack(t, { config: { routes } })

  for (const target of [
    '/oauth/none',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-protected-resource/x',
  ]) {
    const { status } = await sendRaw(origin, [`GET ${target} HTTP/1.1`, `Host: ${new URL(origin).host}`])
    t.equal(status, 404, target)
  }
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
