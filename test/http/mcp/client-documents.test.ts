import t from 'tap'
import { asserting, createSigner } from '../../support/assertions.ts'
import {
  authorizeUrl,
  callTool,
  connect,
  createPerson,
  exchange,
  post,
  refresh,
  register,
} from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'
import { sendJson, startPublicHost } from '../../support/public-host.ts'

const lines: string[] = []
const clock = { ahead: 0 }
const now = () => Date.now() + clock.ahead
const host = await startPublicHost(t)
const { origin, echo } = await startMcpStack(t, {
  now,
  internet: host.internet,
  log: (line) => lines.push(line),
  config: { trusted_proxies: ['127.0.0.1'] },
})
const redirect_uri = 'https://app.test/callback'
const denials = () => lines.filter((line) => line.includes('"audit":"access_denied"')).map((line) => JSON.parse(line))

/** A client whose document lies at a path. */
function publish(path: string, members: object = {}) {
  const client_id = host.at(path)
  host.put(path, { client_id, client_name: 'An app', redirect_uris: [redirect_uri], ...members })
  return { client_id, redirect_uri }
}

t.test('metadata says that documents of clients are read', async (t) => {
  const metadata = await (await fetch(`${origin}/.well-known/oauth-authorization-server`)).json()

  t.match(metadata, {
    client_id_metadata_document_supported: true,
    token_endpoint_auth_methods_supported: /none/,
    token_endpoint_auth_signing_alg_values_supported: /ES256/,
  })
})

t.test('a client with a document signs its user in, and stays, with the document read once', async (t) => {
  const client = publish('/whole/client.json')

  const tokens = await connect(origin, client)
  const call = await callTool(origin, tokens.access_token)
  const next = await refresh(origin, client, tokens.refresh_token)

  t.equal(call.status, 200)
  t.match(echo.received.at(-1)?.headers.authorization, /^Bearer /)
  t.equal((await callTool(origin, next.json.access_token)).status, 200)
  t.equal(host.asked('/whole/client.json'), 1)
})

t.test('the consent page says whose document it is, and warns of an app on the device all the same', async (t) => {
  const { open } = createPerson()
  const web = publish('/consent/web')
  const local = publish('/consent/local', { client_name: 'Claude Code', redirect_uris: ['http://localhost/callback'] })
  const nameless = publish('/consent/nameless', { client_name: undefined, logo_uri: 'https://evil.test/logo.png' })

  const onTheWeb = await open(authorizeUrl(origin, web))
  const onTheDevice = await open(authorizeUrl(origin, { ...local, redirect_uri: 'http://localhost:51234/callback' }))
  const withoutName = await open(authorizeUrl(origin, nameless))

  for (const { body } of [onTheWeb, onTheDevice, withoutName]) {
    t.match(body, `From tool.internal:${host.port}`)
    t.notMatch(body, 'Name not verified')
  }
  t.notMatch(onTheWeb.body, 'An app on this device')
  t.match(onTheDevice.body, 'An app on this device')
  t.match(onTheDevice.body, 'http://localhost:51234/callback')
  t.match(withoutName.body, 'An app without a name')
  t.notMatch(withoutName.body, 'evil.test')
})

t.test('where the answer goes has to be in the document', async (t) => {
  const client = publish('/redirect')

  const page = await createPerson().open(
    authorizeUrl(origin, { ...client, redirect_uri: 'https://evil.test/callback' }),
  )

  t.equal(page.status, 400)
  t.equal(page.location, undefined)
  t.match(page.body, 'The redirect_uri is none that An app registered')
})

t.test('a document that cannot be had is a page and a log entry; the page does not say why', async (t) => {
  const outside = publish('/away/other')
  host.put('/away/moved', (_request, response) => void response.writeHead(302, { location: '/away/other' }).end())
  host.put('/away/page', (_request, response) => sendJson(response, {}, { 'content-type': 'text/html' }))
  const refused: readonly (readonly [address: string, reason: RegExp])[] = [
    ['https://inner.test/client.json', /leads nowhere/],
    [`https://127.0.0.1:${host.port}/away/other`, /no host name/],
    [host.at('/away/none'), /status 404/],
    [host.at('/away/moved'), /status 302/],
    [host.at('/away/page'), /JSON/],
  ]
  const bodies = []
  for (const [client_id, reason] of refused) {
    const page = await createPerson().open(authorizeUrl(origin, { ...outside, client_id }))
    t.match(denials().at(-1), { client_id, reason, redirect: 'https://app.test' })
    const token = await refresh(origin, { ...outside, client_id }, 'x')

    t.equal(page.status, 400)
    t.match(page.body, 'client_refused')
    t.match(token.json, { error: 'temporarily_unavailable' })
    t.equal(token.status, 503)
    t.match(denials().at(-1), { client_id, reason, client_address: '127.0.0.1', request_id: /./ })
    bodies.push(token.json.error_description)
  }
  t.equal(new Set(bodies).size, 1)
  t.equal(host.asked('/away/other'), 0)
})

t.test('what is wrong with a document is said to whoever wrote it', async (t) => {
  const client = publish('/wrong', { client_id: 'https://other.test/client.json' })

  const page = await createPerson().open(authorizeUrl(origin, client))
  const token = await refresh(origin, client, 'x')

  t.equal(page.status, 400)
  t.match(page.body, 'client_id in it must be the address that it lies at')
  t.match(token.json, { error: 'invalid_client', error_description: /client_id in it/ })
  t.match(denials().at(-1), { client_id: client.client_id, reason: /client_id in it/ })
})

t.test('one client address cannot have us ask for one document after another', async (t) => {
  const ask = (count: number, from: string) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        post(
          `${origin}/oauth/token`,
          { grant_type: 'refresh_token', refresh_token: 'x', client_id: `https://scan${index}.test/${from}` },
          { 'x-forwarded-for': from },
        ),
      ),
    )

  const answers = await ask(70, '198.51.100.1')
  const [other] = await ask(1, '198.51.100.2')

  t.equal(answers.filter(({ status }) => status === 429).length, 10)
  t.equal(other?.status, 503)
})

t.test('a client that signs is checked, and one that lists nothing else must sign', async (t) => {
  const keys = await createSigner()
  const stranger = await createSigner()
  host.put('/signing/jwks', { keys: [keys.jwk] })
  const client = publish('/signing/client', {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: host.at('/signing/jwks'),
  })
  const code = await codeFor(client)
  const send = async (assertion: string) => exchange(origin, client, code, asserting(assertion))
  const { client_id } = client

  t.match((await exchange(origin, client, code)).json, {
    error: 'invalid_client',
    error_description: /private_key_jwt/,
  })
  t.match((await send(await stranger.sign(client_id, origin))).json, { error: 'invalid_client' })
  const answer = await send(await keys.sign(client_id, origin))
  t.equal(answer.status, 200)
  const renewed = await refresh(
    origin,
    client,
    answer.json.refresh_token,
    asserting(await keys.sign(client_id, origin)),
  )
  t.equal(renewed.status, 200)
  t.equal((await refresh(origin, client, renewed.json.refresh_token)).json.error, 'invalid_client')
})

t.test('a client like ChatGPT may sign or not, and what it signs is checked', async (t) => {
  const keys = await createSigner('RS256')
  const stranger = await createSigner('RS256')
  const client = publish('/chatgpt/client.json', {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
    token_endpoint_auth_signing_alg: 'RS256',
    jwks: { keys: [keys.jwk] },
  })
  const { client_id } = client

  const bare = await exchange(origin, client, await codeFor(client))
  t.equal(bare.status, 200)
  const signed = asserting(await keys.sign(client_id, origin))
  t.equal((await exchange(origin, client, await codeFor(client), signed)).status, 200)
  const forEndpoint = asserting(await keys.sign(client_id, origin, { aud: `${origin}/oauth/token` }))
  t.equal((await exchange(origin, client, await codeFor(client), forEndpoint)).status, 200, 'as ChatGPT signs it')
  for (const aud of ['https://other.test/oauth/token', `${origin}/oauth/revoke`, [origin, `${origin}/oauth/token`]]) {
    const elsewhere = asserting(await keys.sign(client_id, origin, { aud }))
    t.equal((await refresh(origin, client, 'x', elsewhere)).json.error, 'invalid_client', String(aud))
  }
  const wrong = asserting(await stranger.sign(client_id, origin))
  t.equal((await exchange(origin, client, await codeFor(client), wrong)).json.error, 'invalid_client')
})

t.test('a client like Claude Code listens at any port of its machine', async (t) => {
  const client = publish('/oauth/claude-code-client-metadata', {
    client_name: 'Claude Code',
    client_uri: 'https://claude.ai',
    redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  })

  for (const address of ['http://localhost:52163/callback', 'http://127.0.0.1:52163/callback']) {
    const asking = { ...client, redirect_uri: address }
    t.equal((await exchange(origin, asking, await codeFor(asking))).status, 200, address)
  }
  const elsewhere = { ...client, redirect_uri: 'http://127.0.0.1:52163/other' }
  t.equal((await createPerson().open(authorizeUrl(origin, elsewhere))).status, 400)
})

t.test('keys that change are found, and those of a host inside are not asked for', async (t) => {
  const [first, second] = [await createSigner(), await createSigner()]
  host.put('/rotation/jwks', { keys: [first.jwk] })
  const client = publish('/rotation/client', {
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    jwks_uri: host.at('/rotation/jwks'),
  })
  const inside = publish('/rotation/inside', {
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    jwks_uri: 'https://inner.test/jwks',
  })
  const renew = async (of: typeof client, keys: typeof first) =>
    (await refresh(origin, of, 'x', asserting(await keys.sign(of.client_id, origin, {}, now())))).json.error

  t.equal(await renew(client, first), 'invalid_grant', 'the client is who it says')
  host.put('/rotation/jwks', { keys: [second.jwk] })
  t.equal(await renew(client, second), 'invalid_client', 'not asked for again at once')
  clock.ahead += 11_000
  t.equal(await renew(client, second), 'invalid_grant')
  t.equal(await renew(client, first), 'invalid_client')
  t.equal(host.asked('/rotation/jwks'), 2)
  t.equal(await renew(inside, first), 'temporarily_unavailable')
  t.match(denials().at(-1), { client_id: inside.client_id, reason: /inner\.test leads nowhere/ })
})

t.test('a gateway that is not to ask anybody does not say that it does, and does not', async (t) => {
  const config = { mcp: { client_documents: false } }
  const { origin: closed } = await startMcpStack(t, { internet: host.internet, config })
  const client = publish('/closed')

  const metadata = await (await fetch(`${closed}/.well-known/oauth-authorization-server`)).json()
  const page = await createPerson().open(authorizeUrl(closed, client))

  t.match(metadata, { client_id_metadata_document_supported: false })
  t.match([page.status, page.body], [400, /client_refused/])
  t.equal(host.asked('/closed'), 0)
})

t.test('keys without a name are told apart by what they signed', async (t) => {
  const [first, second, third] = [
    await createSigner('ES256', ''),
    await createSigner('ES256', ''),
    await createSigner(),
  ]
  host.put('/nameless/jwks', { keys: [first.jwk] })
  const client = publish('/nameless/client', {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: host.at('/nameless/jwks'),
  })
  const renew = async (keys: typeof first) =>
    (await refresh(origin, client, 'x', asserting(await keys.sign(client.client_id, origin, {}, now())))).json.error

  t.equal(await renew(first), 'invalid_grant')
  host.put('/nameless/jwks', { keys: [first.jwk, second.jwk] })
  clock.ahead += 11_000
  t.equal(await renew(second), 'invalid_grant')
  t.equal(await renew(first), 'invalid_grant')
  t.equal(await renew(third), 'invalid_client')
})

t.test('a client that registers may have its keys at a public host, and nowhere else', async (t) => {
  const keys = await createSigner()
  host.put('/registered/jwks', { keys: [keys.jwk] })
  const errorWith = async (jwks_uri: string) => {
    const client = await register(origin, { token_endpoint_auth_method: 'private_key_jwt', jwks_uri })
    const assertion = await keys.sign(client.client_id, origin, {}, now())
    return (await refresh(origin, client, 'x', asserting(assertion))).json.error
  }

  t.equal(await errorWith(host.at('/registered/jwks')), 'invalid_grant')
  t.equal(await errorWith(`https://127.0.0.1:${host.port}/registered/jwks`), 'temporarily_unavailable')
  t.equal(host.asked('/registered/jwks'), 1)
})

t.test('without an internet of the tests, what is on this machine is not asked', async (t) => {
  const { origin: real } = await startMcpStack(t)
  for (const name of ['localhost', '127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0x7f000001']) {
    const client_id = new URL(`https://${name}:${host.port}/mine`).href
    host.put('/mine', { client_id, redirect_uris: [redirect_uri] })

    const page = await createPerson().open(authorizeUrl(real, { client_id, redirect_uri }))

    t.match([page.status, page.body], [400, /client_refused/], name)
  }
  t.equal(host.asked('/mine'), 0)
})

async function codeFor(client: { client_id: string; redirect_uri: string }): Promise<string> {
  const person = createPerson()
  const back = await person.decide(await person.open(authorizeUrl(origin, client)))
  return back.searchParams.get('code') ?? ''
}
