import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { startRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'

const echo = await startEcho(t)
const at = (name: string, more: object = {}) => ({
  name,
  title: `The ${name} tool`,
  path: `/${name}`,
  upstream: echo.url,
  ...more,
})
const routes = [
  at('tool'),
  at('open', { access: 'public' }),
  at('maybe', { access: 'optional' }),
  at('analysts', { allow: { groups: ['analysts'] } }),
  at('operators', { allow: { groups: ['operators'] } }),
  at('corp', { allow: { email_domains: ['EXAMPLE.com'] } }),
  at('maybe-operators', { access: 'optional', allow: { groups: ['operators'] } }),
]
const { origin } = await startStack(t, { config: { routes } })
const ada = createBrowser()
await ada.signIn(`${origin}/tool`)
const stranger = createBrowser()

const problemOf = ({ body }: { body: string }) => JSON.parse(body)
const program = { accept: 'application/json' }
const subresource = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }

t.test('no answer of ours is stored, redirects included', async (t) => {
  for (const path of [
    '/',
    '/oauth/',
    '/oauth/me',
    '/oauth/sign-in',
    '/oauth/sign-out',
    '/oauth/signed-out',
    '/nowhere',
  ]) {
    const { headers } = await stranger.load(`${origin}${path}`)

    t.equal(headers['cache-control'], 'no-store', path)
  }
})

t.test('a browser without a session is sent to sign in, and knows the way back', async (t) => {
  const page = await stranger.load(`${origin}/tool/a%20b?q=1&r=%2F#part`)

  t.equal(page.status, 302)
  t.equal(page.location, `/oauth/sign-in?return_to=${encodeURIComponent('/tool/a%20b?q=1&r=%2F')}`)
  t.equal(page.headers['cache-control'], 'no-store')
})

t.test('a program without a session is told where one is made', async (t) => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
    const answer = await stranger.send(`${origin}/tool`, { method, headers: program })

    t.equal(answer.status, 401)
    t.match(answer.headers, { 'content-type': /^application\/problem\+json/, 'www-authenticate': 'Bearer' })
    t.match(problemOf(answer), {
      type: 'urn:toolgate:error:sign_in_required',
      title: /./,
      status: 401,
      code: 'sign_in_required',
      request_id: /^[0-9a-f-]{36}$/,
      sign_in_url: `${origin}/oauth/sign-in`,
    })
  }
})

t.test('a form that is sent without a session is not sent again behind its sender', async (t) => {
  const page = await stranger.load(`${origin}/tool`, { method: 'POST', form: { a: '1' } })

  t.equal(page.status, 401)
  t.equal(page.location, undefined)
  t.match(page.headers['content-type'], 'text/html')
  t.match(page.body, 'href="/oauth/sign-in"')
})

t.test('a cookie that is not ours opens nothing', async (t) => {
  const [name, value] =
    ada
      .cookieHeader(origin)
      .split('; ')
      .find((pair) => pair.startsWith('toolgate='))
      ?.split('=') ?? []
  const last = value?.endsWith('A') ? 'B' : 'A'
  const forged = [
    '',
    'x',
    `${value}x`,
    `${value?.slice(0, -1)}${last}`,
    `${value?.split('.')[0]}.${'A'.repeat(43)}`,
    '%00',
    'a'.repeat(5000),
  ]

  for (const cookie of forged) {
    const answer = await stranger.send(`${origin}/tool`, { headers: { cookie: `${name}=${cookie}` } })
    t.equal(answer.status, 401, cookie.slice(0, 80))
  }
})

t.test('who is signed in passes where the rules let them', async (t) => {
  for (const name of ['tool', 'open', 'maybe', 'analysts', 'corp']) {
    t.equal((await ada.load(`${origin}/${name}`)).status, 200, name)
  }
})

t.test('users who take turns are told apart, in the rules, the headers and the tokens', async (t) => {
  const grace = createBrowser()
  await grace.signIn(`${origin}/tool`, 'grace')
  const seen = async (browser: typeof ada) => {
    t.equal((await browser.load(`${origin}/tool`)).status, 200)
    return echo.received.at(-1)?.headers
  }

  for (let turn = 0; turn < 3; turn++) {
    const [hers, other] = [await seen(ada), await seen(grace)]
    t.equal(hers?.['x-forwarded-email'], 'ada@example.com')
    t.equal(other?.['x-forwarded-email'], 'grace@example.com')
    t.not(hers?.['x-forwarded-user'], other?.['x-forwarded-user'])
    t.not(hers?.authorization, other?.authorization)
    t.equal((await ada.load(`${origin}/analysts`)).status, 200)
    t.equal((await grace.load(`${origin}/analysts`)).status, 403)
  }
})

t.test('who is signed in and not allowed is told who they are', async (t) => {
  for (const name of ['operators', 'maybe-operators']) {
    const page = await ada.load(`${origin}/${name}`)
    const answer = await ada.send(`${origin}/${name}`, { headers: program })

    t.equal(page.status, 403)
    t.match(page.body, 'ada@example.com')
    t.match(page.body, `The ${name} tool`)
    t.equal(answer.status, 403)
    t.equal(problemOf(answer).code, 'access_denied')
    // The request id may hold these letters by chance.
    t.notMatch(JSON.stringify({ ...problemOf(answer), request_id: '' }), 'ada')
  }
})

t.test('public and optional routes let anyone in', async (t) => {
  for (const name of ['open', 'maybe', 'maybe-operators']) {
    t.equal((await stranger.send(`${origin}/${name}`, { method: 'POST' })).status, 200, name)
  }
})

t.test('another site cannot act in the name of who is signed in', async (t) => {
  const asked = echo.received.length
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.test' },
    { origin: 'null' },
    {},
  ]) {
    for (const name of ['tool', 'maybe']) {
      const answer = await ada.send(`${origin}/${name}`, { method: 'POST', headers, form: { pay: 'evil' } })
      t.equal(answer.status, 403, JSON.stringify(headers))
      t.equal(problemOf(answer).code, 'cross_site')
    }
  }
  const page = await ada.load(`${origin}/tool`, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })
  t.equal(page.status, 403)
  t.match(page.body, 'another site')
  t.equal(echo.received.length, asked)

  const own = await ada.send(`${origin}/tool`, { method: 'POST', headers: { origin } })
  t.equal(own.status, 200)
})

t.test('what another site embeds is asked for as nobody', async (t) => {
  const headers = { 'sec-fetch-site': 'cross-site', ...subresource }

  t.equal((await ada.send(`${origin}/tool`, { headers })).status, 401)
  t.equal((await ada.send(`${origin}/maybe`, { headers })).status, 200)
  t.equal(echo.received.at(-1)?.headers.authorization, undefined)
  t.equal((await ada.load(`${origin}/tool`, { headers: { 'sec-fetch-site': 'cross-site' } })).status, 200, 'a link')
})

t.test('a preflight is answered here, and permits nothing', async (t) => {
  const asked = echo.received.length
  const headers = { origin: 'https://evil.test', 'access-control-request-method': 'PUT' }

  for (const name of ['tool', 'open', 'maybe']) {
    const answer = await ada.send(`${origin}/${name}`, { method: 'OPTIONS', headers })
    t.equal(answer.status, 204)
    t.notOk(Object.keys(answer.headers).some((header) => header.startsWith('access-control-')))
  }
  t.equal(echo.received.length, asked)
})

t.test('while sessions cannot be read nobody is taken for a stranger, and nobody for signed in', async (t) => {
  const redis = await startRedis(t)
  const store = { url: redis.url, serve_cached_for: 0 }
  const encryption_keys = [randomBytes(32).toString('base64')]
  let ahead = 0
  const now = () => Date.now() + ahead
  const { origin } = await startStack(t, { now, config: { routes, store, encryption_keys } })
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  await redis.kill()
  // What was read before is to be asked for again, whether the end was noticed yet or not.
  ahead = 15_000

  for (const name of ['tool', 'maybe', 'operators']) {
    const answer = await browser.send(`${origin}/${name}`)
    const page = await browser.load(`${origin}/${name}`)

    t.equal(answer.status, 503, name)
    t.equal(problemOf(answer).code, 'store_unavailable')
    t.match(answer.headers['retry-after'], /^\d+$/)
    t.equal(page.status, 503, name)
    t.match(page.body, '<meta http-equiv="refresh"')
    t.notMatch(JSON.stringify([answer.headers['set-cookie'], page.headers['set-cookie']]), 'toolgate=')
  }
  const page = await browser.load(`${origin}/tool`)
  t.equal(page.headers['retry-after'], '40', 'the fourth page waits longer')
  t.match(page.body, '<meta http-equiv="refresh" content="40">')
  t.match(page.body, /<dt>Since<\/dt><dd><time/)
  t.equal((await browser.send(`${origin}/open`)).status, 200)
  t.equal((await stranger.send(`${origin}/maybe`)).status, 200)
  t.equal((await stranger.send(`${origin}/tool`)).status, 401)

  await redis.restart()
})
