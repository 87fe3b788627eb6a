import t from 'tap'
import { createBrowser, type Sending } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const asked: string[] = []
/** Says of CORS whatever it likes, as tools do that were made without a gateway. */
const tool = await startTool(t, (request, response) => {
  asked.push(`${request.method} ${request.headers['x-forwarded-user'] ? 'as a user' : 'as nobody'}`)
  response.writeHead(request.url?.endsWith('/missing') ? 404 : 200, {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Allow-Private-Network': 'true',
    'Access-Control-Expose-Headers': 'X-Theirs',
    'Cache-Control': 'public, max-age=60',
    Vary: 'Accept',
    ETag: '"x"',
    'X-Total': '7',
  })
  response.end('body')
})

const app = 'https://app.acme.io'
const other = 'https://app.acme.io.evil.test'
const at = (name: string, more: object = {}) => ({ name, path: `/${name}`, upstream: tool.url, ...more })
const cors = { origins: ['http://localhost:3000', app] }
const { origin } = await startStack(t, {
  config: {
    routes: [
      at('tool'),
      at('open', { access: 'public', cors }),
      at('small', { access: 'public', cors, max_body: '1KB' }),
      at('named', { cors }),
      at('trusted', { cors: { ...cors, credentials: true } }),
      at('operators', { cors: { ...cors, credentials: true }, allow: { groups: ['operators'] } }),
      at('down', { access: 'public', cors, upstream: `http://127.0.0.1:${await freePort()}` }),
      at('shared', { cors: { ...cors, credentials: true }, cache: 'shared' }),
    ],
  },
})
const ada = createBrowser()
await ada.signIn(`${origin}/tool`)
const stranger = createBrowser()

/** What a script of another origin sends. */
const script = (from: string, more: Record<string, string> = {}) => ({
  origin: from,
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  ...more,
})
const ask = (browser: typeof ada, path: string, from = app, sending: Sending = {}) =>
  browser.send(origin + path, { ...sending, headers: script(from, sending.headers) })
const preflight = (path: string, from: string, method = 'PUT', more: Record<string, string> = {}) =>
  ask(stranger, path, from, { method: 'OPTIONS', headers: { 'access-control-request-method': method, ...more } })

/** All that an answer says of CORS. */
function permissionIn({ headers }: { headers: object }) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')))
}
const codeOf = ({ body }: { body: string }) => JSON.parse(body).code

t.test('a listed origin may read an answer and its headers, whatever the tool says', async (t) => {
  for (const path of ['/open', '/open/missing']) {
    const answer = await ask(stranger, path)

    t.equal(answer.body, 'body')
    t.match(permissionIn(answer), { 'access-control-allow-origin': app })
    t.match(answer.headers['access-control-expose-headers'], /\betag\b.*\bx-total\b/)
    t.same(Object.keys(permissionIn(answer)), ['access-control-allow-origin', 'access-control-expose-headers'])
    t.equal(answer.headers.vary, 'Accept, Origin')
  }
})

t.test('any other origin may not, and caches are told that answers differ', async (t) => {
  const origins = [other, 'https://sub.app.acme.io', 'http://app.acme.io', 'https://app.acme.io:444', 'null', '*']

  for (const from of origins) {
    const answer = await ask(stranger, '/open', from)
    t.equal(answer.status, 200)
    t.same(permissionIn(answer), {}, from)
    t.equal(answer.headers.vary, 'Accept, Origin')
  }
  const none = await stranger.send(`${origin}/open`)
  t.same(permissionIn(none), {})
  t.equal(none.headers.vary, 'Accept, Origin')
  const twice = await sendRaw(origin, [
    'GET /open HTTP/1.1',
    `Host: ${new URL(origin).host}`,
    ...Array(2).fill(`Origin: ${app}`),
  ])
  t.notOk(twice.headers.has('access-control-allow-origin'))
  const without = await ask(ada, '/tool')
  t.same(permissionIn(without), {}, 'a route without cors')
  t.notMatch(without.headers.vary ?? '', 'Origin')
})

t.test('a preflight is answered here and permits what was asked for', async (t) => {
  const before = asked.length

  for (const method of ['PUT', 'DELETE', 'PATCH', 'POST', 'PROPFIND']) {
    const names = 'content-type, x-requested-with,authorization'
    const answer = await preflight('/trusted', app, method, { 'access-control-request-headers': names })
    t.equal(answer.status, 204)
    t.equal(answer.body, '')
    t.same(permissionIn(answer), {
      'access-control-allow-origin': app,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': method,
      'access-control-allow-headers': names,
      'access-control-max-age': '600',
    })
    t.equal(answer.headers.vary, 'Origin')
  }
  const open = permissionIn(await preflight('/open', app))
  t.same(Object.keys(open).sort(), [
    'access-control-allow-methods',
    'access-control-allow-origin',
    'access-control-max-age',
  ])
  t.equal(asked.length, before, 'none was forwarded')
})

t.test('a preflight permits nothing that is not listed, or not well formed', async (t) => {
  const before = asked.length

  for (const path of ['/tool', '/open', '/trusted']) {
    for (const from of [other, 'null', origin]) {
      const answer = await preflight(path, from)
      t.equal(answer.status, 204, `${path} ${from}`)
      t.same(permissionIn(answer), {}, `${path} ${from}`)
    }
  }
  t.same(permissionIn(await preflight('/tool', app)), {})
  for (const method of ['TRACE', 'CONNECT', 'put', 'EVIL', '*', 'PUT, DELETE']) {
    t.notOk('access-control-allow-methods' in permissionIn(await preflight('/open', app, method)), method)
  }
  for (const names of ['a b', 'x;y', 'x, ', 'a:b', '"x"', '(x)', 'é']) {
    const answer = await preflight('/open', app, 'PUT', { 'access-control-request-headers': names })
    t.notOk('access-control-allow-headers' in permissionIn(answer), names)
  }
  const network = await preflight('/trusted', app, 'PUT', { 'access-control-request-private-network': 'true' })
  t.notMatch(JSON.stringify(network.headers), 'network')
  t.equal(asked.length, before)
})

t.test('with credentials the cookie counts for listed origins, and for them alone', async (t) => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
    const answer = await ask(ada, '/trusted', app, { method })
    t.equal(answer.status, 200, method)
    t.equal(answer.headers['access-control-allow-credentials'], 'true')
    t.equal(answer.headers['access-control-allow-origin'], app)
    t.match(answer.headers, { 'cache-control': 'private, max-age=60', vary: 'Accept, Cookie, Authorization, Origin' })
    t.equal(asked.at(-1), `${method} as a user`)
  }
  const before = asked.length
  for (const from of [other, 'null', 'https://tools.acme.io', `${app}:443`]) {
    const read = await ask(ada, '/trusted', from)
    t.equal(read.status, 401, from)
    const change = await ask(ada, '/trusted', from, { method: 'POST' })
    t.equal(change.status, 403, from)
    t.equal(codeOf(change), 'cross_site')
    t.same([permissionIn(read), permissionIn(change)], [{}, {}])
  }
  t.equal(asked.length, before)
})

t.test('without credentials a listed origin is answered as nobody, cookie or not', async (t) => {
  const before = asked.length

  const read = await ask(ada, '/named')
  const change = await ask(ada, '/named', app, { method: 'POST' })

  t.equal(read.status, 401)
  t.equal(change.status, 403)
  t.notOk('access-control-allow-credentials' in change.headers)
  t.equal(asked.length, before)
})

t.test('trust on one route opens no other, and none of our pages', async (t) => {
  t.equal((await ask(ada, '/tool', app)).status, 401)
  t.equal((await ask(ada, '/tool', app, { method: 'POST' })).status, 403)
  t.equal((await ask(ada, '/oauth/me', app)).status, 401)
  t.equal((await ask(ada, '/oauth/sign-out', app, { method: 'POST' })).status, 403)
  t.equal((await ask(ada, '/trusted', app)).status, 200)
})

t.test('a script can read why it failed, and where to sign in', async (t) => {
  const failures = [
    [await ask(stranger, '/trusted'), 401, 'sign_in_required'],
    [await ask(stranger, '/trusted', app, { method: 'POST' }), 401, 'sign_in_required'],
    [await ask(stranger, '/named'), 401, 'sign_in_required'],
    [await ask(ada, '/operators'), 403, 'access_denied'],
    [await ask(stranger, '/down'), 502, 'upstream_unreachable'],
    [await ask(ada, '/named', app, { method: 'POST' }), 403, 'cross_site'],
    [await ask(stranger, '/small', app, { method: 'POST', form: { a: 'x'.repeat(2000) } }), 413, 'body_too_large'],
  ] as const

  for (const [answer, status, code] of failures) {
    t.equal(answer.status, status, code)
    t.equal(codeOf(answer), code)
    t.equal(answer.headers['access-control-allow-origin'], app, code)
    t.match(answer.headers, { vary: 'Origin', 'cache-control': 'no-store' }, code)
  }
  const [[refused]] = failures
  t.equal(JSON.parse(refused.body).sign_in_url, `${origin}/oauth/sign-in`)
  t.equal(refused.headers['access-control-allow-credentials'], 'true')
  t.match(refused.headers['access-control-expose-headers'], 'www-authenticate')
  const strange = await ask(stranger, '/trusted', other)
  t.same(permissionIn(strange), {})
  t.equal(strange.headers.vary, 'Origin')
})

t.test(
  'cache: shared passes the public caching of the tool on, and never makes a failure of ours storable',
  async (t) => {
    const passed = await ask(ada, '/shared')
    const refused = await ask(stranger, '/shared')

    t.match(passed.headers, { 'cache-control': 'public, max-age=60', vary: 'Accept, Origin' })
    t.equal(refused.status, 401)
    t.equal(refused.headers['cache-control'], 'no-store')
  },
)
