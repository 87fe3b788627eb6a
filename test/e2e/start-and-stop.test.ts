import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { createBrowser } from '../support/browser.ts'
import { copyOfDev } from '../support/dev.ts'
import { freePort } from '../support/free-port.ts'
import { startGatewayProcess, startProgram } from '../support/gateway-process.ts'
import { startRedis } from '../support/redis.ts'
import { startParts } from '../support/stack.ts'
import { closeOf, mustOpen, startSocketTool } from '../support/web-socket.ts'

const encryption_keys = [randomBytes(32).toString('base64')]

const linesWith = (output: string, text: string) => output.split('\n').filter((line) => line.includes(text))

t.test('without Redis it starts, says so once, and works as soon as Redis is there', async (t) => {
  const redis = await startRedis(t)
  await redis.stop()
  const admin = { host: '127.0.0.1', port: await freePort() }
  const config = { store: { url: redis.url }, encryption_keys, admin }
  const { origin, yaml } = await startParts(t, { config })
  const ready = () => createBrowser().send(`http://127.0.0.1:${admin.port}/readyz`)

  const gateway = await startGatewayProcess(t, yaml)
  await gateway.says(/store is away/)
  const browser = createBrowser()
  const callback = await browser.callbackOf(`${origin}/tool?q=1`)
  const away = await browser.load(callback)

  t.match(await ready(), { status: 503, body: /"store":"unavailable"/ })
  t.match(away, { status: 503, headers: { 'retry-after': '5' } })
  t.match(away.body, 'store_unavailable')
  t.match(away.body, '<meta http-equiv="refresh" content="5">')

  await redis.restart()
  await gateway.says(/store answers/)

  t.equal((await ready()).status, 200)
  t.match(await browser.open(callback), { status: 200, url: `${origin}/tool?q=1` })
  t.equal(linesWith(gateway.output(), 'store is away').length, 1)
  t.equal(linesWith(gateway.output(), 'store answers').length, 1)
})

t.test('a provider that is away is named, and the gateway is ready all the same', async (t) => {
  const admin = { host: '127.0.0.1', port: await freePort() }
  const { yaml, cognito } = await startParts(t, { config: { admin } })
  await cognito.close()

  const gateway = await startGatewayProcess(t, yaml)
  const ready = await createBrowser().send(`http://127.0.0.1:${admin.port}/readyz`)

  t.match(ready, { status: 200, body: /"providers":{"cognito":"unavailable"}/ })
  t.equal(await gateway.end('SIGTERM'), 0)
})

t.test('while Redis is away a signed-in person gets a page that retries, and stays signed in', async (t) => {
  const redis = await startRedis(t, { appendonly: true })
  const admin = { host: '127.0.0.1', port: await freePort() }
  const store = { url: redis.url, serve_cached_for: 0 }
  const { origin, yaml } = await startParts(t, { config: { store, encryption_keys, admin } })
  const gateway = await startGatewayProcess(t, yaml)
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  await redis.kill()
  await gateway.says(/store is away/)
  const page = await browser.load(`${origin}/tool`)
  const signOut = await browser.load(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} })
  await redis.restart()
  await gateway.says(/store is away[\s\S]*store answers/)

  t.equal(page.status, 503)
  t.match(page.body, '<meta http-equiv="refresh"')
  t.equal(signOut.status, 503)
  t.ok(browser.cookies(origin).has('toolgate'), 'the cookie is left alone')
  t.equal((await browser.load(`${origin}/tool`)).status, 200)
})

t.test('without the provider it starts; signing in and the callback are pages that retry', async (t) => {
  const domain = `http://localhost:${await freePort()}`
  const { origin, yaml } = await startParts(t)
  const cognito = { ...yaml.providers.cognito, domain, issuer: `${domain}/pool` }
  const admin = { host: '127.0.0.1', port: await freePort() }
  await startGatewayProcess(t, { ...yaml, providers: { cognito }, admin })
  const browser = createBrowser()

  const start = await browser.open(`${origin}/tool`)
  const program = await browser.send(`${origin}/oauth/sign-in`)
  const state = new URL(program.location ?? '').searchParams.get('state')
  const callback = await browser.load(`${origin}/oauth/callback?code=abc&state=${state}`)

  t.equal(program.status, 302)
  for (const page of [start, callback]) {
    t.match(page, { status: 503, headers: { 'retry-after': String } })
    t.match(page.body, 'provider_unavailable')
    t.match(page.body, '<meta http-equiv="refresh"')
  }
})

for (const key of ['listen', 'admin']) {
  t.test(`a taken port of ${key} is told in one line, and the exit code is 1`, async (t) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    t.teardown(() => taken.close())
    const { port } = taken.address() as AddressInfo
    const { yaml } = await startParts(t)
    const admin = { host: '127.0.0.1', port: await freePort() }
    const config = { ...yaml, log: { level: 'error' }, admin, [key]: { host: '127.0.0.1', port } }
    const file = `${t.testdir({ 'toolgate.yaml': stringify(config) })}/toolgate.yaml`

    const program = startProgram(t, ['serve', '--config', file])

    t.equal(await program.ended(), 1)
    t.equal(program.output(), `${key}.port: 127.0.0.1:${port} is taken by another process; choose another.\n`)
  })
}

for (const [standard, key] of [
  [8080, 'listen.port'],
  [9230, 'domain.port'],
  [9240, 'The address of a sample tool'],
] as const) {
  t.test(`dev tells in one line that the port that is ${standard} by default is taken, and ends`, async (t) => {
    const { folder, port } = await copyOfDev(t)
    const taken = createServer().listen(port(standard), '127.0.0.1')
    await once(taken, 'listening')
    t.teardown(() => taken.close())

    const program = startProgram(t, ['dev'], join(folder, 'src/main.ts'))

    t.equal(await program.ended(), 1)
    const told = program
      .output()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('{'))
    t.match(told, [new RegExp(`${port(standard)}.* is taken`)])
    t.match(told[0], key)
    t.equal(told.length, 1)
  })
}

t.test('told to stop it says goodbye to WebSockets at once, and lets answers that run come to their end', async (t) => {
  const tool = await startSocketTool(t)
  const { origin, yaml } = await startParts(t)
  const admin = { host: '127.0.0.1', port: await freePort() }
  const route = { name: 'tool', path: '/tool', upstream: tool.url, access: 'public' }
  const gateway = await startGatewayProcess(t, { ...yaml, admin, routes: [route] })
  const socket = await mustOpen(t, `${origin}/tool`)
  const [server] = tool.sockets.clients
  const running = once(tool.server.removeAllListeners('request'), 'request')
  const answer = createBrowser().send(`${origin}/tool`)
  const [, response] = (await running) as [unknown, ServerResponse]
  response.write('first, ')
  const ends = Promise.all([closeOf(socket), server && closeOf(server)])

  const exit = gateway.end('SIGTERM')

  t.same(await ends, [
    [1001, 'going away'],
    [1001, 'going away'],
  ])
  response.end('last')
  t.match(await answer, { status: 200, body: 'first, last' })
  t.equal(await exit, 0)
})

t.test('told to stop it is not ready, takes nothing new, finishes what runs, and exits with 0', async (t) => {
  const waiting: ServerResponse[] = []
  const slow = createServer((_request, response) => void waiting.push(response)).listen(0, '127.0.0.1')
  await once(slow, 'listening')
  t.teardown(() => slow.close())
  const upstream = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
  const admin = { host: '127.0.0.1', port: await freePort() }
  const { origin, yaml } = await startParts(t, { config: { admin } })
  const route = { name: 'slow', path: '/slow', upstream, access: 'public' }
  const gateway = await startGatewayProcess(t, { ...yaml, routes: [route] })
  const arrived = once(slow, 'request')
  const answer = createBrowser().send(`${origin}/slow`)
  await arrived

  const exit = gateway.end('SIGTERM')
  while ((await createBrowser().send(`http://127.0.0.1:${admin.port}/readyz`)).status === 200);
  await t.rejects(createBrowser().send(`${origin}/slow`), { code: 'ECONNREFUSED' })
  waiting[0]?.end('done')

  t.match(await answer, { status: 200, body: 'done' })
  t.equal(await exit, 0)
})

t.test('what front proxies ask has a listener of its own, that stops with the rest', async (t) => {
  const [admin, forward_auth] = [await freePort(), await freePort()].map((port) => ({ host: '127.0.0.1', port }))
  const routes = [{ name: 'tool', path: '/tool', forward_auth: true }]
  const { origin, yaml } = await startParts(t, {
    config: { admin, forward_auth, trusted_proxies: ['127.0.0.1'], routes },
  })
  const gateway = await startGatewayProcess(t, yaml)
  const browser = createBrowser()
  const asked = { 'x-original-method': 'GET', 'x-original-url': `${origin}/tool` }

  const answer = await browser.send(`http://127.0.0.1:${forward_auth?.port}/oauth/auth`, { headers: asked })
  const ready = await browser.send(`http://127.0.0.1:${admin?.port}/readyz`)

  t.equal(answer.status, 401)
  t.equal(ready.status, 200)
  t.equal((await browser.send(`http://127.0.0.1:${admin?.port}/oauth/auth`, { headers: asked })).status, 404)
  t.equal(await gateway.end('SIGTERM'), 0)
})

t.test('a port that is taken is named by its key', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const forward_auth = { host: '127.0.0.1', port: (taken.address() as AddressInfo).port }
  const admin = { host: '127.0.0.1', port: await freePort() }
  const { yaml } = await startParts(t, { config: { admin, forward_auth, trusted_proxies: ['127.0.0.1'] } })
  const folder = t.testdir({ 'toolgate.yaml': stringify(yaml) })

  const gateway = startProgram(t, ['serve', '--config', join(folder, 'toolgate.yaml')])

  t.equal(await gateway.ended(), 1)
  t.match(gateway.output(), /forward_auth\.port: .* is taken by another process; choose another\./)
})
