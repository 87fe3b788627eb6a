import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startGateway, startParts } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const clock = { ahead: 0 }
const hour = 3_600_000
const parts = await startParts(t)
const { origin, echo } = parts

/** Answers as GitHub does: a no has status 200, tokens have no end, and scopes may be left out. */
const hub = { isRevoked: false, answer: {}, userInfoCalls: 0 }
const { url: hubUrl } = await startTool(t, async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://hub')
  const send = (body: object, status = 200) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (pathname === '/authorize') {
    const back = new URL(searchParams.get('redirect_uri') ?? '')
    back.search = new URLSearchParams({
      code: 'code',
      state: searchParams.get('state') ?? '',
      iss: 'https://hub.acme.io/login',
    }).toString()
    return response.writeHead(302, { location: back.href }).end()
  }
  if (pathname === '/me') {
    hub.userInfoCalls++
    if (hub.isRevoked || request.headers.authorization !== 'Bearer hub-token') return send({ message: 'no' }, 401)
    return send({ id: 583231, login: 'ada', name: 'Ada Lovelace' })
  }
  const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString())
  if (form.get('client_secret') !== 'hub-secret') return send({ error: 'incorrect_client_credentials' })
  return send({ access_token: 'hub-token', token_type: 'bearer', scope: 'read,write', ...hub.answer })
})

const client = {
  type: 'oauth2',
  authorization_endpoint: `${hubUrl}/authorize`,
  token_endpoint: `${hubUrl}/token`,
  client_id: 'toolgate',
  client_secret: 'hub-secret',
  client_authentication: 'client_secret_post',
  scopes: ['read'],
}
const { cognito } = parts.yaml.providers
const route = { upstream: echo.url, sign_in: ['hub'] }
const upstream = echo.url
await startGateway(
  t,
  {
    ...parts.yaml,
    log: { level: 'fatal' },
    sessions: { claims_max_age: '1h' },
    providers: {
      cognito,
      hub: { ...client, userinfo_endpoint: `${hubUrl}/me`, subject: 'id' },
      plain: client,
      wrong: { ...client, client_secret: 'not it' },
    },
    routes: [
      { ...route, name: 'tool', path: '/tool' },
      { ...route, name: 'writes', path: '/writes', scopes: ['write'] },
      { ...route, name: 'ada', path: '/ada', allow: { claims: { id: ['583231'] } } },
      { ...route, name: 'wrong', path: '/wrong', provider: 'wrong' },
      { name: 'connected', path: '/connected', upstream, provider: 'plain' },
    ],
  },
  { now: () => Date.now() + clock.ahead },
)

const bearer = () => echo.received.at(-1)?.headers.authorization
const signIn = async () => {
  hub.isRevoked = false
  const browser = createBrowser()
  await browser.open(`${origin}/tool`)
  return browser
}

t.test('the field of the user info that was named says who signs in', async (t) => {
  const browser = createBrowser()

  const page = await browser.open(`${origin}/ada?q=1`)

  t.match(page, { status: 200, url: `${origin}/ada?q=1` })
  t.equal(bearer(), 'Bearer hub-token')
  t.match(JSON.parse((await browser.send(`${origin}/oauth/me`)).body), {
    user: 'hub:583231',
    provider: 'hub',
    name: 'Ada Lovelace',
  })
})

t.test('a token without an end is looked at again at the user info when its claims have aged', async (t) => {
  const browser = await signIn()
  const calls = hub.userInfoCalls

  t.equal((await browser.load(`${origin}/tool`)).status, 200)
  t.equal(hub.userInfoCalls, calls, 'not before')
  clock.ahead += hour
  t.equal((await browser.load(`${origin}/tool`)).status, 200)
  t.equal((await browser.load(`${origin}/tool`)).status, 200)

  t.equal(hub.userInfoCalls, calls + 1)
})

t.test('a token that was revoked there ends the sign-in when it is looked at', async (t) => {
  const browser = await signIn()
  clock.ahead += hour
  hub.isRevoked = true

  const page = await browser.load(`${origin}/tool`)
  const answer = await browser.send(`${origin}/tool`)

  t.match(page, { status: 302, location: '/oauth/sign-in?return_to=%2Ftool' })
  t.match(JSON.parse(answer.body), { status: 401, code: 'session_ended' })
})

t.test('scopes are read with commas; a step-up knows the account again', async (t) => {
  hub.answer = { scope: 'read' }
  const browser = await signIn()
  const lacking = await browser.send(`${origin}/writes`)
  hub.answer = {}

  const page = await browser.open(`${origin}/writes`)

  t.equal(lacking.status, 403)
  t.match(page, { status: 200, url: `${origin}/writes` })
})

t.test('a no with status 200 is a no, and the page says what was said', async (t) => {
  hub.answer = { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' }
  t.teardown(() => {
    hub.answer = {}
  })

  const page = await createBrowser().open(`${origin}/tool`)

  t.equal(page.status, 400)
  t.match(page.body, 'provider_refused')
  t.match(page.body, 'The code passed is incorrect or expired.')
})

t.test('a provider without a subject is for connecting alone', async (t) => {
  await parts.control.clock(`${clock.ahead}ms`)
  const browser = createBrowser()
  await browser.signIn(`${origin}/connected`)

  const signIn = await browser.load(`${origin}/oauth/sign-in?provider=plain`)
  const before = await browser.load(`${origin}/connected`)
  const answer = await browser.load(`${origin}/oauth/connections/plain/connect`, {
    method: 'POST',
    headers: { origin },
    form: { return_to: '/connected' },
  })
  const after = await browser.open(answer.location ?? '')

  t.match(signIn, { status: 400 })
  t.match(before.body, 'connection_required')
  t.match(after, { status: 200, url: `${origin}/connected` })
  t.equal(bearer(), 'Bearer hub-token')
  t.match(JSON.parse((await browser.send(`${origin}/oauth/me`)).body), { provider: 'cognito' })
})

t.test('a wrong secret keeps the connection from being made, and the person signed in', async (t) => {
  const browser = await signIn()
  const answer = await browser.load(`${origin}/oauth/connections/wrong/connect`, {
    method: 'POST',
    headers: { origin },
    form: { return_to: '/wrong' },
  })

  const page = await browser.open(answer.location ?? '')

  t.equal(page.status, 400)
  t.match(page.body, 'provider_refused')
  t.match(page.body, 'href="/wrong"', 'tries again at the tool')
  t.notMatch(page.body, /hub-token|not it/)
  t.equal((await browser.load(`${origin}/tool`)).status, 200)
})

t.test('an empty scope means that nothing was granted', async (t) => {
  hub.answer = { scope: '' }
  t.teardown(() => {
    hub.answer = {}
  })
  // The set that is stored, with more scopes, is over by then.
  clock.ahead += 31 * 24 * hour

  const page = await createBrowser().open(`${origin}/writes`)

  t.equal(page.status, 403)
  t.match(page.body, 'insufficient_scope')
})
