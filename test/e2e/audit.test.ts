import { readFileSync, rmSync } from 'node:fs'
import t, { type Test } from 'tap'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { startStack } from '../support/stack.ts'

const client = '203.0.113.9'
const from = { 'x-forwarded-for': client }

/** A gateway with this `log`, behind a proxy that it trusts, and its audit events. */
async function start(t: Test, log: object = {}, config: object = {}) {
  const lines: string[] = []
  const clock = { ahead: 0 }
  const stack = await startStack(t, {
    now: () => Date.now() + clock.ahead,
    config: { trusted_proxies: ['127.0.0.1'], log, ...config },
    log: (line) => lines.push(line),
  })
  const browser = createBrowser()
  const events = () => lines.map((line) => JSON.parse(line)).filter(({ audit }) => audit !== undefined)
  return { ...stack, browser, clock, lines, events }
}

t.test('each event names the request and the address of its client, whatever the level of the log', async (t) => {
  const { origin, browser, clock, control, events, lines } = await start(t, { level: 'fatal' })

  await browser.signIn(`${origin}/tool`)
  const denied = await browser.send(`${origin}/operators`, { headers: { ...from, 'sec-fetch-site': 'same-origin' } })
  clock.ahead = 2 * 60 * 60 * 1000
  await control.clock('2h')
  await browser.load(`${origin}/tool`, { headers: from })
  await browser.load(`${origin}/oauth/sign-out`, { method: 'POST', headers: { ...from, origin }, form: {} })

  t.match(events(), [
    { audit: 'sign_in', client_address: '127.0.0.1', provider: 'cognito' },
    {
      audit: 'access_denied',
      client_address: client,
      request_id: JSON.parse(denied.body).request_id,
      route: 'operators',
    },
    { audit: 'token_refreshed', client_address: client, provider: 'cognito' },
    { audit: 'session_ended', client_address: client, provider: 'cognito' },
    { audit: 'token_set_ended', client_address: client, provider: 'cognito' },
    { audit: 'sign_out', client_address: client, provider: 'cognito' },
  ])
  for (const event of events()) t.match(event, { time: Number, user: /^cognito:/, request_id: /^[\da-f-]{36}$/ })
  const [, , , ...signOut] = events().map(({ request_id }) => request_id)
  t.equal(new Set(signOut).size, 1, 'what one request did has one id')
  t.equal(lines.length, events().length, 'and nothing else was logged')
})

t.test('what a front proxy asks about is of its client', async (t) => {
  const forward_auth = { host: '127.0.0.1', port: await freePort() }
  const routes = [{ name: 'operators', path: '/operators', forward_auth: true, allow: { groups: ['operators'] } }]
  const { origin, browser, events } = await start(t, {}, { forward_auth, routes })
  await browser.signIn(`${origin}/oauth/sign-in`)
  const about = { 'x-original-method': 'GET', 'x-original-url': `${origin}/operators`, 'sec-fetch-site': 'none' }
  const cookie = browser.cookieHeader(origin)

  const headers = { ...from, ...about, cookie, forwarded: 'for=192.0.2.1' }
  const denied = await browser.send(`http://127.0.0.1:${forward_auth.port}/oauth/auth`, { headers })

  t.equal(denied.status, 403)
  t.match(events().at(-1), {
    audit: 'access_denied',
    client_address: client,
    request_id: JSON.parse(denied.body).request_id,
  })
})

t.test('an event that cannot be written to its file is in the log', async (t) => {
  const folder = t.testdir({ events: {} })
  const { browser, origin, events } = await start(t, { audit: `${folder}/events/audit.log` })
  rmSync(`${folder}/events`, { recursive: true })

  await browser.signIn(`${origin}/tool`)

  t.match(events(), [{ level: 50, audit: 'sign_in', err: { code: 'ENOENT' } }])
})

t.test('events go to a file of their own, or nowhere', async (t) => {
  const file = `${t.testdir({})}/audit.log`
  const kept = await start(t, { audit: file })
  const off = await start(t, { audit: 'off' })

  for (const { browser, origin } of [kept, off]) await browser.signIn(`${origin}/tool`)

  t.match(
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [{ audit: 'sign_in' }],
  )
  t.strictSame([...kept.events(), ...off.events()], [])
})
