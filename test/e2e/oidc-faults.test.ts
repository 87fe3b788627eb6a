import { createHmac } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { type Answer, createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { passOidcProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { startGateway, startParts } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const parts = await startParts(t)
const now = () => Math.floor(Date.now() / 1000)

/** A gateway of its own, whose only provider this is. */
async function start(t: Test, provider: object, origin: string) {
  const port = Number(new URL(origin).port)
  const clock = { ahead: 0 }
  await startGateway(
    t,
    {
      public_url: origin,
      listen: { host: '127.0.0.1', port },
      log: { level: 'fatal' },
      providers: { sso: provider },
      routes: [{ name: 'tool', path: '/tool', upstream: parts.echo.url }],
    },
    { now: () => Date.now() + clock.ahead },
  )
  return { clock, tool: `${origin}/tool`, me: `${origin}/oauth/me` }
}

const freeOrigin = async () => `http://localhost:${await freePort()}`

t.test(
  'a gateway starts while its provider is away: a page that retries, and a sign-in once it is there',
  async (t) => {
    const [origin, port] = [await freeOrigin(), await freePort()]
    const config = { type: 'oidc', issuer: `http://127.0.0.1:${port}`, client_id: 'toolgate', client_secret: 's3cret' }
    const { clock, tool } = await start(t, config, origin)
    const browser = createBrowser()

    const page = await browser.open(tool)
    await startOidcProvider(t, { origin, port, client: { client_secret: 's3cret' } })
    clock.ahead += 5_000
    const later = await passOidcProvider(browser, await browser.open(tool))

    t.equal(page.status, 503)
    t.match(page.body, /provider_unavailable/)
    t.match(page.body, '<meta http-equiv="refresh"')
    t.ok(Number(page.headers['retry-after']) > 0)
    t.match(later, { status: 200, url: tool })
  },
)

t.test('an answer that does not say whom it is from, or names another, is refused without a token call', async (t) => {
  const origin = await freeOrigin()
  const oidc = await startOidcProvider(t, { origin })
  const { tool, me } = await start(t, oidc.config, origin)
  const atHome = (location: string) => location.startsWith(`${origin}/oauth/callback`)
  const falsify: Record<string, (query: URLSearchParams) => void> = {
    missing: (query) => query.delete('iss'),
    empty: (query) => query.set('iss', ''),
    wrong: (query) => query.set('iss', 'https://evil.example'),
    'almost right': (query) => query.set('iss', `${oidc.issuer}/`),
    'there twice': (query) => query.append('iss', 'https://evil.example'),
  }

  for (const [name, change] of Object.entries(falsify)) {
    const browser = createBrowser()
    const { location = '' } = await passOidcProvider(browser, await browser.open(tool), 'ada', atHome)
    const callback = new URL(location)
    t.equal(callback.searchParams.get('iss'), oidc.issuer)
    change(callback.searchParams)

    const page = await browser.load(callback.href)

    t.equal(page.status, 400, name)
    t.match(page.body, 'provider_refused')
    t.equal((await browser.send(me)).status, 401)
  }
  t.notOk(oidc.requests.some((line) => line.endsWith('/token')))
})

/** Answers as a well-behaved provider does, but for what a test changes. */
async function startTinyProvider(t: Test) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const other = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'key', alg: 'ES256' }
  const faults: { metadata: object; claims: JWTPayload; sign?: (claims: JWTPayload) => Promise<string>; me?: object } =
    {
      metadata: {},
      claims: {},
    }
  let nonce = ''
  const sign = (claims: JWTPayload, key = privateKey) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'key' }).sign(key)
  const listener: RequestListener = async (request, response) => {
    const send = (body: object) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    const { pathname, searchParams } = new URL(request.url ?? '', issuer())
    if (pathname === '/.well-known/openid-configuration') {
      const at = (path: string) => issuer() + path
      const endpoints = {
        authorization_endpoint: at('/authorize'),
        token_endpoint: at('/token'),
        jwks_uri: at('/jwks'),
      }
      return send({ issuer: issuer(), ...endpoints, userinfo_endpoint: at('/me'), ...faults.metadata })
    }
    if (pathname === '/jwks') return send({ keys: [jwk] })
    if (pathname === '/me') return send(faults.me ?? { sub: 'ada' })
    if (pathname === '/token') {
      const claims = {
        iss: issuer(),
        aud: 'toolgate',
        sub: 'ada',
        iat: now(),
        exp: now() + 300,
        nonce,
        ...faults.claims,
      }
      const id_token = await (faults.sign ?? sign)(claims)
      return send({
        access_token: 'token',
        token_type: 'Bearer',
        expires_in: 300,
        ...(id_token !== '' && { id_token }),
      })
    }
    nonce = searchParams.get('nonce') ?? ''
    const back = new URL(searchParams.get('redirect_uri') ?? '')
    back.search = new URLSearchParams({ code: 'code', state: searchParams.get('state') ?? '' }).toString()
    return response.writeHead(302, { location: back.href }).end()
  }
  const server = await startTool(t, listener)
  const issuer = () => server.url
  return { issuer: server.url, faults, sign, otherKey: other.privateKey, jwk }
}

const tiny = await startTinyProvider(t)
const tinyConfig = { type: 'oidc', issuer: tiny.issuer, client_id: 'toolgate', client_secret: 's3cret' }
const gateway = await start(t, tinyConfig, parts.origin)

function unsecured(header: object, claims: JWTPayload, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${signature}`
}

/** Signed with the public key as if it were a secret: the classic confusion of algorithms. */
async function withPublicKeyAsSecret(claims: JWTPayload): Promise<string> {
  const token = unsecured({ alg: 'HS256', kid: 'key' }, claims).slice(0, -1)
  return `${token}.${createHmac('sha256', JSON.stringify(tiny.jwk)).update(token).digest('base64url')}`
}

const sound: readonly [string, Partial<typeof tiny.faults>][] = [
  ['as it should be', {}],
  ['for us and others, with us as azp', { claims: { aud: ['toolgate', 'other'], azp: 'toolgate' } }],
  ['over for less than the leeway', { claims: { exp: now() - 30 } }],
]
const unsound: readonly [string, Partial<typeof tiny.faults>][] = [
  ['for another client', { claims: { aud: 'other' } }],
  ['for us and others, with another azp', { claims: { aud: ['toolgate', 'other'], azp: 'other' } }],
  ['for us and others, without azp', { claims: { aud: ['toolgate', 'other'] } }],
  ['of another issuer', { claims: { iss: 'https://evil.example' } }],
  ['over', { claims: { exp: now() - 120 } }],
  ['with another nonce', { claims: { nonce: 'another' } }],
  ['without a nonce', { claims: { nonce: '' } }],
  ['without a subject', { claims: { sub: '' } }],
  ['unsigned', { sign: async (claims) => unsecured({ alg: 'none' }, claims) }],
  ['signed with another key', { sign: async (claims) => tiny.sign(claims, tiny.otherKey) }],
  ['signed with the public key as a secret', { sign: withPublicKeyAsSecret }],
  ['no token at all', { sign: async () => 'not.a.token' }],
  ['absent', { sign: async () => '' }],
  ['of another user than the user info', { me: { sub: 'grace' } }],
]

async function signInWith(faults: Partial<typeof tiny.faults>): Promise<[page: Answer, me: number]> {
  Object.assign(tiny.faults, { claims: {}, sign: undefined, me: undefined }, faults)
  const browser = createBrowser()
  const page = await browser.open(gateway.tool)
  return [page, (await browser.send(gateway.me)).status]
}

for (const [name, faults] of sound) {
  t.test(`an ID token ${name}: signed in`, async (t) => {
    const [page, me] = await signInWith(faults)

    t.match(page, { status: 200, url: gateway.tool })
    t.equal(me, 200)
  })
}

for (const [name, faults] of unsound) {
  t.test(`an ID token ${name}: refused, on a page with a way on`, async (t) => {
    const [page, me] = await signInWith(faults)

    t.equal(page.status, 400)
    t.match(page.body, 'provider_refused')
    t.match(page.body, 'href="/oauth/sign-in?return_to=%2Ftool"')
    t.equal(me, 401)
  })
}

t.test('metadata that names another issuer is refused', async (t) => {
  const provider = await startTinyProvider(t)
  provider.faults.metadata = { issuer: 'https://evil.example' }
  const { tool } = await start(t, { ...tinyConfig, issuer: provider.issuer }, await freeOrigin())

  const page = await createBrowser().open(tool)

  t.equal(page.status, 400)
  t.match(page.body, 'provider_refused')
  t.match(page.body, 'https://evil.example')
})

t.test('endpoints in plain http beyond this machine are as good as none', async (t) => {
  const provider = await startTinyProvider(t)
  provider.faults.metadata = { token_endpoint: 'http://sso.evil.example/token' }
  const { tool } = await start(t, { ...tinyConfig, issuer: provider.issuer }, await freeOrigin())

  const page = await createBrowser().open(tool)

  t.equal(page.status, 400)
  t.match(page.body, 'provider_refused')
})
