import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { sendRaw } from '../support/raw.ts'
import { startGateway, startParts, startStack } from '../support/stack.ts'

const echo = await startEcho(t)
const routes = [{ name: 'open', path: '/open', upstream: echo.url, access: 'public' }]
const { origin } = await startStack(t, { config: { trusted_proxies: ['127.0.0.1/32'], routes } })
const { host } = new URL(origin)

/** The status, and what the tool was told of where the request came in. */
async function told(at: string, ...lines: string[]) {
  const before = echo.received.length
  const { status, body } = await sendRaw(at, ['GET /open HTTP/1.1', ...lines])
  const { headers = {} } = echo.received[before] ?? {}
  const { forwarded, 'x-forwarded-for': from, 'x-forwarded-host': forHost, 'x-forwarded-proto': proto } = headers
  return { status, body, forwarded, from, forHost, proto }
}

t.test('what a trusted proxy says is what tools are told, in our words', async (t) => {
  const lines = [`X-Forwarded-Host: ${host}`, 'X-Forwarded-Proto: https', 'X-Forwarded-For: 6.6.6.6, 2001:db8::1']

  const answer = await told(origin, 'Host: inner.test', ...lines)

  t.match(answer, {
    status: 200,
    from: '2001:db8::1',
    forHost: host,
    proto: 'https',
    forwarded: `for="[2001:db8::1]";host="${host}";proto=https`,
  })
})

t.test('a host that is not served stays refused, whoever names it', async (t) => {
  t.equal((await told(origin, `Host: ${host}`, 'X-Forwarded-Host: evil.test')).status, 421)
  t.equal((await told(origin, 'Host: evil.test')).status, 421)
})

t.test('headers that contradict each other are refused', async (t) => {
  const answer = await told(origin, `Host: ${host}`, 'X-Forwarded-For: 1.1.1.1', 'Forwarded: for=2.2.2.2')

  t.equal(answer.status, 400)
  t.equal(JSON.parse(answer.body).code, 'bad_request')
})

t.test('the same-origin rule goes by the host that was asked for, cookies by public_url', async (t) => {
  const browser = createBrowser()
  const { origin } = await startStack(t, { config: { trusted_proxies: ['127.0.0.1/32'] } })
  const { host } = new URL(origin)
  await browser.signIn(`${origin}/tool`)
  const asked = { host: 'inner.test', 'x-forwarded-host': host, 'x-forwarded-proto': 'https' }

  t.equal((await browser.send(`${origin}/tool`, { method: 'POST', headers: { ...asked, origin } })).status, 200)
  for (const other of ['http://inner.test', `https://${host}`]) {
    const answer = await browser.send(`${origin}/tool`, { method: 'POST', headers: { ...asked, origin: other } })
    t.equal(answer.status, 403, other)
  }
})

t.test('each client has its own share of sign-ins, not each proxy', async (t) => {
  const { origin, yaml } = await startParts(t)
  const providers = { cognito: { ...yaml.providers.cognito, max_rate: 1 } }
  const config = { ...yaml, providers, trusted_proxies: ['127.0.0.1'], log: { level: 'fatal' } }
  const clock = { at: Date.now() }
  await startGateway(t, config, { now: () => clock.at })
  const signInFrom = async (address: string) => {
    clock.at += 1_000
    const browser = createBrowser()
    const callback = await browser.callbackOf(`${origin}/tool`)
    return (await browser.load(callback, { headers: { 'x-forwarded-for': address } })).status
  }

  t.equal(await signInFrom('1.1.1.1'), 302)
  t.equal(await signInFrom('1.1.1.1'), 429)
  t.equal(await signInFrom('2.2.2.2'), 302)
})
