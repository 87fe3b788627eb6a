import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startRedis } from '../support/redis.ts'
import { startGateway, startParts } from '../support/stack.ts'

t.test('too many sign-ins at once: a page that comes back by itself, and the code is not spent', async (t) => {
  const clock = { at: Date.now() }
  const { origin, yaml, control } = await startParts(t)
  const providers = { cognito: { ...yaml.providers.cognito, max_rate: 1 } }
  await startGateway(t, { ...yaml, providers, log: { level: 'fatal' } }, { now: () => clock.at })
  const [first, second] = [createBrowser(), createBrowser()]
  t.equal((await first.signIn(`${origin}/tool`)).status, 200)
  const callback = await second.callbackOf(`${origin}/tool/x?y=1`)

  const page = await second.load(callback)
  const answer = await second.send(callback)

  t.equal(page.status, 429)
  t.equal(page.headers['retry-after'], '10')
  t.match(page.body, '<meta http-equiv="refresh" content="10">')
  t.equal(answer.status, 429)
  t.equal(JSON.parse(answer.body).code, 'rate_limited')
  t.equal((await control.log()).counts.token, 1)

  clock.at += 10_000
  const tool = await second.open(callback)
  t.equal(tool.status, 200)
  t.equal(tool.url, `${origin}/tool/x?y=1`)
})

t.test('each of several workers gets its part of the rate', async (t) => {
  const now = Date.now()
  const store = { url: (await startRedis(t)).url }
  const encryption_keys = [randomBytes(32).toString('base64')]
  const { origin, yaml } = await startParts(t, { config: { store, encryption_keys }, provider: { max_rate: 2 } })
  const [first, second] = [createBrowser(), createBrowser()]
  // What one of two does, whatever the other does.
  await startGateway(t, { ...yaml, workers: 2, log: { level: 'fatal' } }, { now: () => now })
  t.equal((await first.signIn(`${origin}/tool`)).status, 200)

  const page = await second.load(await second.callbackOf(`${origin}/tool`))

  t.equal(page.status, 429)
})
