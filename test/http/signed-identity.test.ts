import { randomBytes } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, storedKeys } from '../support/redis.ts'
import { startGateway, startParts, startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const keysPath = '/.well-known/toolgate/jwks.json'

/** A tool that believes nothing but `X-Toolgate-Identity` for one audience, as docs/identity.md says. */
async function startVerifier(t: Test, origin: () => string, audience: string) {
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined
  return startTool(t, async (request, response) => {
    keys ??= createRemoteJWKSet(new URL(origin() + keysPath))
    try {
      const { payload } = await jwtVerify(String(request.headers['x-toolgate-identity'] ?? ''), keys, {
        issuer: origin(),
        audience,
        algorithms: ['ES256'],
      })
      response.end(JSON.stringify(payload))
    } catch (error) {
      response.statusCode = 403
      response.end(error instanceof errors.JOSEError ? error.code : 'failed')
    }
  })
}

t.test(
  'an upstream verifies who it is with the public keys, and takes nothing that is meant for another',
  async (t) => {
    const started: { origin?: string } = {}
    const origin = () => started.origin ?? ''
    const [reports, other] = [await startVerifier(t, origin, 'reports'), await startVerifier(t, origin, 'other')]
    const stack = await startStack(t, {
      config: {
        routes: [
          { name: 'reports', path: '/reports', upstream: reports.url, identity: 'signed', inject: 'none' },
          { name: 'confused', path: '/confused', upstream: other.url, identity: 'signed' },
          { name: 'unsigned', path: '/unsigned', upstream: reports.url },
          { name: 'maybe', path: '/maybe', upstream: reports.url, identity: 'signed', access: 'optional' },
          { name: 'api', path: '/api', upstream: reports.url, identity: 'signed', accept: ['provider_token'] },
        ],
      },
    })
    started.origin = stack.origin
    const ada = createBrowser()

    const page = await ada.signIn(`${stack.origin}/reports`)

    t.equal(page.status, 200)
    t.match(JSON.parse(page.body), {
      iss: stack.origin,
      aud: 'reports',
      sub: /^cognito:/,
      email: 'ada@example.com',
      name: 'Ada Lovelace',
      groups: ['analysts'],
    })
    t.equal((await ada.load(`${stack.origin}/confused`)).body, 'ERR_JWT_CLAIM_VALIDATION_FAILED')
    t.match(await ada.load(`${stack.origin}/unsigned`), { status: 403, body: 'ERR_JWS_INVALID' })
    t.match(await createBrowser().load(`${stack.origin}/maybe`), { status: 403, body: 'ERR_JWS_INVALID' })
    t.equal((await createBrowser().send(`${stack.origin}/api`)).status, 401)
  },
)

t.test("a good token of the gateway's that a client sends reaches no upstream, on no route", async (t) => {
  const echo = await startEcho(t)
  const at = (name: string, more: object) => ({ name, path: `/${name}`, upstream: echo.url, ...more })
  const routes = [
    at('signed', { identity: 'signed' }),
    at('public', { access: 'public' }),
    at('optional', { access: 'optional', identity: 'signed' }),
    at('plain', {}),
  ]
  const { origin } = await startStack(t, { config: { routes } })
  const seen = () => echo.received.at(-1)?.headers ?? {}
  const [ada, grace] = [createBrowser(), createBrowser()]
  await ada.signIn(`${origin}/signed`)
  const stolen = String(seen()['x-toolgate-identity'])
  const headers = { 'x-toolgate-identity': stolen, 'X-Toolgate_Identity': stolen, 'x.toolgate.identity': stolen }
  await grace.signIn(`${origin}/plain`, 'grace')

  for (const path of ['/signed', '/public', '/optional', '/plain']) {
    await grace.load(origin + path, { headers })
    t.notOk(Object.values(seen()).includes(stolen), path)
    await createBrowser().load(origin + path, { headers })
    t.notOk(Object.values(seen()).includes(stolen), path)
  }
  await grace.load(`${origin}/signed`, { headers })
  t.equal(decodeJwt(String(seen()['x-toolgate-identity'])).email, 'grace@example.com')
})

t.test('the keys are public, cacheable for a short time, and hold nothing private', async (t) => {
  const { origin } = await startStack(t, {
    config: { routes: [{ name: 'a', path: '/', upstream: 'http://127.0.0.1:1', identity: 'signed' }] },
  })

  const answer = await createBrowser().send(origin + keysPath)
  const head = await createBrowser().send(origin + keysPath, { method: 'HEAD' })

  t.match(answer, { status: 200, headers: { 'cache-control': 'public, max-age=300', 'content-type': /json/ } })
  const { keys } = JSON.parse(answer.body)
  t.equal(keys.length, 1)
  t.strictSame(Object.keys(keys[0]).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  t.match(keys[0], { alg: 'ES256', crv: 'P-256', kty: 'EC', use: 'sig' })
  t.equal(head.status, 200)
  t.equal((await createBrowser().send(`${origin}/.well-known/toolgate/other`)).status, 404)
})

t.test('where no route signs there are no keys, not even stored ones', async (t) => {
  const redis = await startRedis(t)
  const config = { store: { url: redis.url }, encryption_keys: [randomBytes(32).toString('base64')] }
  const { origin } = await startStack(t, { config })

  const answer = await createBrowser().send(origin + keysPath)
  await redis.stop()
  const away = await createBrowser().send(origin + keysPath)

  t.strictSame([answer.status, JSON.parse(answer.body)], [200, { keys: [] }])
  t.equal(away.status, 200)
  await redis.restart()
  t.strictSame(await storedKeys(redis.url), [])
})

t.test(
  'two replicas over one Redis sign with the same key, also after a restart and with new encryption keys',
  async (t) => {
    const redis = await startRedis(t)
    const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
    const parts = await startParts(t)
    const routes = [{ name: 'signed', path: '/signed', upstream: parts.echo.url, identity: 'signed' }]
    const yaml = { ...parts.yaml, routes, store: { url: redis.url }, log: { level: 'fatal' } }
    const clock = { ahead: 0 }
    const now = () => Date.now() + clock.ahead
    const start = async (encryption_keys: string[], port: number) => {
      await startGateway(t, { ...yaml, encryption_keys, listen: { host: '127.0.0.1', port } }, { now })
      return `http://127.0.0.1:${port}`
    }
    const one = await start([first], Number(new URL(parts.origin).port))
    const two = await start([first], await freePort())
    const host = new URL(parts.origin).host
    const keysAt = async (origin: string) =>
      JSON.parse((await createBrowser().send(origin + keysPath, { headers: { host } })).body)

    const [a, b] = await Promise.all([keysAt(one), keysAt(two)])
    const ada = createBrowser()
    await ada.signIn(`${parts.origin}/signed`)
    const headers = { cookie: ada.cookieHeader(parts.origin), host, 'sec-fetch-site': 'same-origin' }
    await createBrowser().send(`${two}/signed`, { headers })
    const jwts = parts.echo.received.map((received) => String(received.headers['x-toolgate-identity']))
    const three = await start([second, first], await freePort())
    const c = await keysAt(three)
    const d = await keysAt(await start([second], await freePort()))

    t.strictSame(b, a)
    t.strictSame(
      jwts.map((jwt) => decodeProtectedHeader(jwt).kid),
      [a.keys[0].kid, a.keys[0].kid],
    )
    t.strictSame([c, d], [a, a])
    t.strictSame(
      (await storedKeys(redis.url)).filter((key) => key.includes('gateway')),
      ['tg:{gateway}:k:identity', 'tg:{gateway}:k:names', 'tg:{gateway}:u'],
    )

    clock.ahead = 89 * 86_400_000 + 60_000
    const announced = await keysAt(three)
    t.equal(announced.keys.length, 2, 'the next key is published')
    t.strictSame(announced.keys[0], a.keys[0])
  },
)
