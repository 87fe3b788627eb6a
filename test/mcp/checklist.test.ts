// What a gateway for MCP servers must have, item by item, seen from outside: two replicas over one Redis.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { callTool, connect, createPerson, post, register, sendMessage, type TestClient } from '../support/mcp-client.ts'
import { startMcpStack } from '../support/mcp-stack.ts'
import { sendRaw } from '../support/raw.ts'
import { startRedis, storedEntries } from '../support/redis.ts'
import { startGateway } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

/** Items that other tests show, in whole or for the rest: the file and the rule. */
const shownElsewhere: Readonly<Record<string, readonly (readonly [file: string, rule: string])[]>> = {
  '1 hosts': [
    ['http/address', 'a host that is not ours is told so'],
    ['http/mcp/policy', 'a page of another origin is refused, with a token or without'],
    ['http/mcp/many-hosts', 'each host is an issuer of its own, with its own endpoints and resources'],
  ],
  '2 metadata': [
    ['mcp/client-quirks', 'clients inside a web page read metadata, and get registrations and tokens'],
    ['http/mcp/policy', 'clients find out who gives tokens for a server'],
  ],
  '3 metadata of the authorization server': [
    ['http/mcp/endpoints', 'metadata says what there is, at both names'],
    ['mcp/authorization-suite', 'the conformance suite for authorization servers'],
  ],
  '4 challenges': [
    [
      'http/mcp/policy',
      'a tool with scopes of its own needs a grant that has them, and the client is told all of them',
    ],
    ['mcp/client-quirks', 'clients inside a web page that the config lists read their challenge'],
  ],
  '5 challenge modes': [
    ['http/mcp/policy', 'lazy: what lists is open to anybody, all else is challenged'],
    ['http/mcp/policy', 'connect: everything is challenged'],
    ['mcp/sdk-clients', 'signs in as it connects, where the address or the route says so'],
  ],
  '6 policy on the body': [['http/mcp/policy', 'a body that two parsers could read in two ways is refused']],
  '7 both eras': [
    ['mcp/conformance', 'requires of a server, the fixture server has, and so it has behind a gateway'],
    ['mcp/sdk-clients', 'has its user sign in once, and never again'],
    ['http/mcp/sessions', 'once it was, every use of it needs a token of that user'],
    ['http/mcp/answers', 'what a server says of its era, in an answer of 400 or 404, reaches the client as it is'],
    ['http/mcp/sessions', 'once it was, every use of it needs a token of that user'],
    ['http/mcp/streams', 'who hears nothing of an event stream gets comments'],
    ['http/mcp/disconnect', 'up to 2025-11-25 a client that goes away does not cancel'],
    ['http/mcp/disconnect', 'from 2026-07-28 on it does'],
  ],
  '8 upstream': [['http/refused-token', 'a tool that refuses new tokens, too, is said to: no challenge']],
  '9 documents of clients': [
    ['http/mcp/client-documents', 'a client with a document signs its user in, and stays, with the document read once'],
    ['http/mcp/client-documents', 'a document that cannot be had is a page and a log entry'],
    ['mcp/sdk-clients', 'its document'],
    ['mcp/abuse', 'no document of a client is fetched from inside, whatever its name leads to'],
  ],
  '10 registration': [
    ['mcp/client-quirks', 'gets its token at each of its addresses'],
    ['mcp/client-quirks', 'a client that the server has forgotten is told so, and registers again'],
    ['e2e/mcp-replicas', '1,000 registrations of one address: most are refused'],
  ],
  '11 redirect URIs': [
    ['http/mcp/endpoints', 'nobody is redirected before it is known to whom: a foreign address, an unknown client'],
    ['http/mcp/consent', 'a loopback address may come with any port, and the code goes to that very one'],
  ],
  '12 consent': [
    ['http/mcp/consent', 'the page says who asks, for what, as whom and where the answer goes'],
    ['http/mcp/consent', 'a consent that an attacker gave, or prepared, is of no use in the browser of a victim'],
    ['http/mcp/consent', 'apps on the person’s own device are asked about each time'],
  ],
  '13 codes': [
    ['http/mcp/endpoints', 'a code is good for one client, one address and one verifier, and an attempt does not'],
    ['http/mcp/endpoints', 'a code that comes twice ends what it gave'],
    ['http/mcp/endpoints', 'a code is over after a minute, an access token after a quarter of an hour'],
  ],
  '14 resources': [
    ['http/mcp/endpoints', 'a resource is named by its address, with or without a slash, or not at all'],
    ['mcp/client-quirks', 'a client that names no resource, at any endpoint, means the only one of the host'],
    ['core/mcp/granted', 'a token for one resource is no good at another'],
    ['http/mcp/many-hosts', 'what one host gave is nothing at another'],
  ],
  '15 refresh tokens': [
    ['http/mcp/endpoints', 'a refresh token that comes again after its grace ends the family'],
    ['http/mcp/endpoints', 'one from before the last ends it, however soon it comes'],
  ],
  '18 root aliases': [['mcp/client-quirks', 'a client that reads no metadata finds its endpoints at the root']],
  '19 revocation': [['http/mcp/consent', 'the end of a grant is the end of its tokens, whoever ended it']],
  '20 the runtime': [['e2e/old-node', 'an old Node is told which one is needed, in one line']],
}

const minute = 60_000
const clock = { ahead: 0 }
const now = () => Date.now() + clock.ahead
const redis = await startRedis(t)
const { origin, yaml, echo, control } = await startMcpStack(t, {
  now,
  config: { store: { url: redis.url }, encryption_keys: [randomBytes(32).toString('base64')] },
})
const other = { host: '127.0.0.1', port: await freePort() }
await startGateway(t, { ...yaml, listen: other }, { now })
const host = new URL(origin).host
const client = await register(origin)
const document = async (name: string, headers = {}) =>
  (await (await fetch(`${origin}/.well-known/${name}`, { headers })).json()) as Readonly<Record<string, string[]>>
const challengeOf = async (...args: Parameters<typeof callTool>) =>
  String((await callTool(...args)).headers['www-authenticate'])

t.test('1 hosts: those of the config, and their addresses are never what a request says', async (t) => {
  const forged = ['GET /mcp HTTP/1.1', 'Host: evil.test', `X-Forwarded-Host: ${host}`]
  const said = { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https', forwarded: 'host=evil.test' }

  t.equal((await sendRaw(origin, forged)).status, 421)
  for (const path of ['oauth-protected-resource/mcp', 'oauth-authorization-server']) {
    t.same(await document(path, said), await document(path))
  }
  t.notMatch(await challengeOf(origin, undefined, 'whoami', said), 'evil')
})

t.test('2 metadata: of the resource at both places, whose issuer is to the letter that of its server', async (t) => {
  const resource = await document('oauth-protected-resource/mcp')
  const server = await document('oauth-authorization-server')

  t.same(await document('oauth-protected-resource'), resource)
  t.same(await document('openid-configuration'), server)
  t.match({ resource, server }, { resource: { authorization_servers: [origin] }, server: { issuer: origin } })
  t.equal(resource.resource, `${origin}/mcp`, 'without a slash at the end')
})

t.test('3 offline_access is announced by the authorization server alone', async (t) => {
  const server = await document('oauth-authorization-server')
  const resource = await document('oauth-protected-resource/mcp')

  t.ok(server.scopes_supported?.includes('offline_access'))
  t.strictSame(resource.scopes_supported, ['reports/read', 'reports/write'])
  t.notMatch(await challengeOf(origin), 'offline_access')
})

t.test('4 challenges: where the metadata is, which scopes, and an error only for who sent a token', async (t) => {
  const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`

  t.equal(await challengeOf(origin), `Bearer ${metadata}, scope="reports/read"`)
  t.equal(
    await challengeOf(origin, 'made-up', 'write'),
    `Bearer error="invalid_token", ${metadata}, scope="reports/read reports/write"`,
  )
})

t.test('7 what an older client sends besides POST reaches its server', async (t) => {
  for (const method of ['GET', 'DELETE']) {
    const { status } = await fetch(`${origin}/mcp`, { method, headers: { accept: 'text/event-stream' } })
    t.strictSame([status, echo.received.at(-1)?.method], [200, method])
  }
})

t.test('8 upstream: the provider’s token, and nothing that the client claims to be', async (t) => {
  const { access_token } = await connect(origin, client)
  const claims = { cookie: 'toolgate=x; other=y', 'x-forwarded-email': 'root@acme.io', x_forwarded_user: 'root' }

  await callTool(origin, access_token, 'whoami', claims)

  const headers = echo.received.at(-1)?.headers
  t.match(headers, {
    authorization: /^Bearer ey/,
    'x-forwarded-email': 'ada@example.com',
    'x-forwarded-user': /^cognito:/,
    cookie: 'other=y',
  })
  t.notMatch(JSON.stringify(headers), /root|toolgate=/)
  t.notOk(JSON.stringify(headers).includes(access_token))
})

t.test('8 upstream: one that refuses the token is told of as that, never with a challenge', async (t) => {
  let calls = 0
  const refusing = await startTool(t, (_, response) => {
    calls += 1
    response.writeHead(401, { 'www-authenticate': 'Bearer resource_metadata="http://inner.test"' }).end()
  })
  const stack = await startMcpStack(t, {
    now,
    config: { routes: [{ name: 'notes', path: '/mcp', upstream: refusing.url, mcp: { scopes: ['reports/read'] } }] },
  })
  const { access_token } = await connect(stack.origin, await register(stack.origin))
  clock.ahead += minute
  const before = (await stack.control.log()).counts.token

  for (const expected of [2, 3]) {
    const { status, headers, json } = await callTool(stack.origin, access_token)
    t.match({ status, json }, { status: 502, json: { code: 'upstream_refused_token' } })
    t.equal(headers['www-authenticate'], undefined)
    t.equal(calls, expected)
  }
  t.equal((await stack.control.log()).counts.token, before + 1, 'one forced refresh')
})

t.test('10 registration: apps by addresses of their own, and never by one that runs scripts', async (t) => {
  const refused = [
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://a.test/1',
  ]
  const wrong = ['http://app.test/cb', 'https://app.test/cb#x', 'https://u:p@app.test/cb', 'JavaScript:alert(1)', '/cb']

  for (const uri of [...refused, ...wrong]) {
    const response = await fetch(`${origin}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://app.test/callback', uri] }),
    })
    t.match([response.status, await response.json()], [400, { error: 'invalid_redirect_uri' }], uri)
  }
  const app = await register(origin, { redirect_uris: ['com.acme.app:/cb', 'https://app.test/cb'], what_is_this: 1 })
  t.match(app, { grant_types: ['authorization_code', 'refresh_token'] })
})

t.test('15 refresh tokens: replicas that are asked at once give the same successor', async (t) => {
  const { refresh_token } = await connect(origin, client)

  const answers = await Promise.all([0, 1, 0, 1].map((replica) => refreshAt(replica, client, refresh_token)))

  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  t.equal(new Set(answers.map(({ tokens }) => tokens.refresh_token)).size, 1)
  for (const { tokens } of answers) t.equal((await callTool(origin, tokens.access_token)).status, 200)
})

t.test(
  '16 one copy of what the provider gave: a browser and an app, twice, at two replicas renew it once',
  async (t) => {
    const person = createPerson('grace')
    await person.browser.signIn(`${origin}/tool`, 'grace')
    const apps = [await connect(origin, client, person), await connect(origin, client, person)]
    clock.ahead += 120 * minute
    await control.clock(`${clock.ahead / minute}m`)
    const renewed = await Promise.all(
      apps.map(({ refresh_token }, replica) => refreshAt(replica, client, refresh_token)),
    )
    const before = (await control.log()).counts.token
    echo.received.length = 0

    const answers = await Promise.all([
      person.browser.load(`${origin}/tool`),
      ...renewed.map(({ tokens }) => callTool(origin, tokens.access_token)),
      callTool(`http://127.0.0.1:${other.port}`, renewed[0]?.tokens.access_token, 'whoami', { host }),
    ])

    t.strictSame(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    )
    t.equal((await control.log()).counts.token, before + 1)
    t.equal(new Set(echo.received.map(({ headers }) => headers.authorization)).size, 1)
  },
)

t.test('17 what is stored is sealed or hashed, and what is answered is for nobody else', async (t) => {
  const known = await register(origin, { token_endpoint_auth_method: 'client_secret_post' })
  const tokens = await connect(origin, known)
  const answer = await callTool(origin, tokens.access_token)
  const renewed = await post(`${origin}/oauth/token`, {
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token,
    client_id: known.client_id,
    client_secret: known.client_secret ?? '',
  })
  const list = await sendMessage(
    origin,
    { method: 'tools/list' },
    { authorization: `Bearer ${renewed.json.access_token}` },
  )
  const everything = (await storedEntries(redis.url)).map(({ name, value }) => `${name}\n${value}`).join('\n')

  const bearers = [answer.json.headers.authorization.slice(7), known.client_secret]
  const ours = [tokens, renewed.json].flatMap(({ access_token, refresh_token }) => [access_token, refresh_token])
  for (const secret of [...bearers, ...ours, ...ours.map((token) => token.split('.').at(-1))]) {
    t.notOk(everything.includes(secret))
  }
  t.equal(renewed.headers.get('cache-control'), 'no-store')
  t.match(list.headers, { 'cache-control': /private|no-store/, vary: /authorization/i })
})

t.test('the rest is where it is said to be', async (t) => {
  for (const [item, tests] of Object.entries(shownElsewhere)) {
    for (const [file, rule] of tests) {
      const text = await readFile(new URL(`../${file}.test.ts`, import.meta.url), 'utf8')
      t.ok(text.includes(rule), `${item}: ${file}, ${rule}`)
    }
  }
})

/** As `refresh`, at one of the two. */
async function refreshAt(replica: number, { client_id }: TestClient, refresh_token: string) {
  const at = replica === 0 ? origin : `http://127.0.0.1:${other.port}`
  const form = { grant_type: 'refresh_token', refresh_token, client_id }
  const { status, body } = await createBrowser().send(`${at}/oauth/token`, { method: 'POST', form, headers: { host } })
  return { status, tokens: JSON.parse(body) as Awaited<ReturnType<typeof connect>> }
}
