import { once } from 'node:events'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { createHostBrowser, loopback } from '../../support/hosts.ts'
import {
  answerTo,
  authorizeUrl,
  callTool,
  connect,
  createPerson,
  exchange,
  post,
  refresh,
  register,
  verifier,
} from '../../support/mcp-client.ts'
import { startGateway, startParts } from '../../support/stack.ts'

const before = getGlobalDispatcher()
setGlobalDispatcher(loopback)
t.teardown(() => setGlobalDispatcher(before))

/** MCP servers on two hosts besides that of public_url, which has one, too. */
async function start(t: Test, mcpConfig: Record<string, unknown> = {}) {
  const parts = await startParts(t)
  const at = (name: string) => `http://${name}.localhost:${new URL(parts.origin).port}`
  const server = (host: string | undefined, name: string) => ({
    ...{ name, ...(host && { host }), path: '/mcp', upstream: parts.echo.url, mcp: { scopes: ['reports/read'] } },
  })
  const routes = [
    ...parts.yaml.routes,
    server(undefined, 'own'),
    server('a.localhost', 'a'),
    server('b.localhost', 'b'),
  ]
  const lines: string[] = []
  const yaml = { ...parts.yaml, routes, mcp: mcpConfig, log: { level: 'info' } }
  await startGateway(t, yaml, { log: (line) => lines.push(line) })
  return { ...parts, a: at('a'), b: at('b'), lines }
}

const person = () => createPerson('ada', createHostBrowser())

t.test('each host is an issuer of its own, with its own endpoints and resources', async (t) => {
  const { origin, a, b } = await start(t)

  for (const host of [origin, a, b]) {
    const document = async (path: string) => (await fetch(`${host}/.well-known/${path}`)).json()
    for (const name of ['oauth-authorization-server', 'openid-configuration']) {
      t.match(await document(name), {
        issuer: host,
        authorization_endpoint: `${host}/oauth/authorize`,
        token_endpoint: `${host}/oauth/token`,
        registration_endpoint: `${host}/oauth/register`,
        revocation_endpoint: `${host}/oauth/revoke`,
        protected_resources: [`${host}/mcp`],
      })
    }
    for (const path of ['oauth-protected-resource', 'oauth-protected-resource/mcp']) {
      t.match(await document(path), { resource: `${host}/mcp`, authorization_servers: [host] })
    }
    const { status, headers } = await callTool(host)
    t.equal(status, 401)
    t.match(headers['www-authenticate'], `resource_metadata="${host}/.well-known/oauth-protected-resource/mcp"`)
  }
})

t.test('an app signs its user in at its own host, by way of the one callback', async (t) => {
  const { a, b, control, echo } = await start(t)
  const client = await register(a)
  const ada = person()

  const page = await ada.open(authorizeUrl(a, client))
  const back = await ada.decide(page)
  const { status, json: tokens } = await exchange(a, client, back.searchParams.get('code') ?? '')
  const answer = await callTool(a, tokens.access_token)
  const { counts } = await control.log()
  // In the same browser, at another host: consent again, the provider not.
  const other = await register(b)
  const second = await connect(b, other, ada)

  t.equal(page.url.startsWith(`${a}/oauth/authorize`), true, 'asked there, before the provider')
  t.strictSame([back.searchParams.get('state'), back.searchParams.get('iss')], ['st', a])
  t.equal(status, 200)
  t.equal(answer.status, 200)
  t.equal(echo.received[0]?.headers['x-forwarded-email'], 'ada@example.com')
  t.equal((await callTool(b, second.access_token)).status, 200)
  t.strictSame((await control.log()).counts, counts, 'the provider is not asked again')
})

t.test('what one host gave is nothing at another', async (t) => {
  const known = { client_id: 'known', client_name: 'Known', redirect_uris: ['https://app.test/callback'] }
  const { origin, a, b } = await start(t, { clients: [known] })
  const client = { client_id: 'known', redirect_uri: 'https://app.test/callback' }
  const ada = person()
  const tokens = await connect(a, client, ada)
  // Consent is remembered for an app with a web address.
  const { location = '' } = await ada.open(authorizeUrl(a, client))
  const code = new URL(location).searchParams.get('code') ?? ''
  const registered = await register(a)

  for (const host of [b, origin]) {
    t.equal((await callTool(host, tokens.access_token)).status, 401)
    t.match((await exchange(host, client, code)).json, { error: 'invalid_grant' })
    t.match((await refresh(host, client, tokens.refresh_token)).json, { error: 'invalid_grant' })
    t.equal((await post(`${host}/oauth/revoke`, { token: tokens.access_token, client_id: 'known' })).status, 200)
    t.match((await exchange(host, registered, code)).json, { error: 'invalid_client' })
    t.equal((await ada.open(authorizeUrl(host, registered))).status, 400, 'its client id is not known there')
    const foreign = await ada.open(authorizeUrl(host, client, { resource: `${a}/mcp` }))
    t.match(foreign.location, /error=invalid_target/)
  }
  t.equal((await callTool(a, tokens.access_token)).status, 200, 'and nothing of it has ended')
  t.equal((await exchange(a, client, code)).status, 200)
  t.equal((await refresh(a, client, tokens.refresh_token)).status, 200)
})

t.test('an assertion made for one host proves nothing at another', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = createServer(
    (_request, response) =>
      void exportJWK(publicKey).then((key) =>
        response.end(JSON.stringify({ keys: [{ ...key, kid: 'k', alg: 'ES256' }] })),
      ),
  ).listen(0, '127.0.0.1')
  await once(keys, 'listening')
  t.teardown(() => keys.close())
  const { port } = keys.address() as { port: number }
  const known = {
    client_id: 'signs',
    client_name: 'Signs',
    redirect_uris: ['https://app.test/callback'],
    jwks_uri: `http://127.0.0.1:${port}/`,
  }
  const { a, b } = await start(t, { clients: [known] })
  const client = { client_id: 'signs', redirect_uri: 'https://app.test/callback' }
  const codeAt = async (host: string) => {
    const ada = person()
    return (await ada.decide(await ada.open(authorizeUrl(host, client)))).searchParams.get('code') ?? ''
  }
  const exchangeAt = async (host: string, audience: string) => {
    const jwt = new SignJWT({ jti: crypto.randomUUID() }).setProtectedHeader({ alg: 'ES256', kid: 'k' })
    const client_assertion = await jwt
      .setIssuer('signs')
      .setSubject('signs')
      .setAudience(audience)
      .setExpirationTime('2m')
      .sign(privateKey)
    return post(`${host}/oauth/token`, {
      ...{ grant_type: 'authorization_code', code: await codeAt(host), redirect_uri: client.redirect_uri },
      ...{ code_verifier: verifier, client_assertion },
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
  }

  t.match(await exchangeAt(b, a), { status: 401, json: { error: 'invalid_client' } })
  t.match(await exchangeAt(b, b), { status: 200 })
})

t.test('a consent that one browser gave is finished in no other', async (t) => {
  const { origin, a, lines } = await start(t)
  const client = await register(a)
  const attacker = person()
  const victim = createHostBrowser()
  await victim.signIn(`${origin}/tool`)
  const { url, form } = answerTo(await attacker.open(authorizeUrl(a, client)), 'allow')

  const headers = { origin: a, 'sec-fetch-site': 'same-origin' }
  const approved = await attacker.browser.load(url, { method: 'POST', form, headers })
  const handed = await victim.open(approved.location ?? '', (location) => location.includes('/hand-over'))
  const refused = await victim.load(handed.location ?? '')

  t.match(approved.location, `${origin}/oauth/sign-in?hand_over=`)
  t.match(handed.location, `${a}/oauth/hand-over?code=`)
  t.equal(refused.status, 400)
  t.match(refused.body, 'attempt_unknown')
  t.notOk(lines.some((line) => line.includes('consent_granted')))
  t.ok(lines.some((line) => line.includes('sign_in_failed') && line.includes('hand_over')))
})

t.test('who cancels at the provider is back in the app of that host, which is told why', async (t) => {
  const { a, control } = await start(t)
  const client = await register(a)
  const [ada, other] = [person(), person()]
  const leaving = await ada.press(await ada.open(authorizeUrl(a, client)), 'allow')
  const upTo = async (url: string | undefined, part: string) =>
    (await ada.browser.open(url ?? '', (location) => location.includes(part))).location ?? ''
  const provider = await upTo(leaving.location, '/oauth2/authorize')
  await control.fault({ endpoint: 'authorize', error: 'access_denied', times: 1 })
  const refusal = await upTo(provider, '/oauth/hand-over')

  const elsewhere = await other.open(refusal)
  const forged = await ada.open(refusal.replace('access_denied', 'toString'))
  const back = new URL((await ada.open(refusal)).location ?? '')
  const again = await ada.open(refusal)

  t.equal(new URL(refusal).origin, a)
  t.equal(back.origin + back.pathname, client.redirect_uri)
  t.strictSame(
    ['error', 'state', 'iss', 'code'].map((name) => back.searchParams.get(name)),
    ['access_denied', 'st', a, null],
  )
  for (const { status, body } of [elsewhere, forged, again]) {
    t.equal(status, 400)
    t.match(body, 'attempt_unknown')
  }
})
