/**
 * A client goes away while the provider is asked on its behalf, and what the provider says is lost or breaks something.
 * - CVE-2026-48090
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const clock = { ahead: 0 }
const lines: string[] = []
const { origin, control, echo } = await startStack(t, {
  now: () => Date.now() + clock.ahead,
  log: (line) => lines.push(line),
  // A refresh token that was sent is good no more.
  client: { rotation: { enabled: true, grace: '0s' } },
})
const tokenCalls = async () => (await control.log()).counts.token

/** Sends a request and goes away once the provider was asked. */
async function askAndGo(address: string, cookie: string): Promise<void> {
  const calls = await tokenCalls()
  await control.fault({ endpoint: 'token', delay: '300ms', times: 1 })
  const { host, port, pathname, search } = new URL(address)
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`)
  while ((await tokenCalls()) === calls) await once(socket, 'drain', { signal: AbortSignal.timeout(5) }).catch(() => {})
  socket.destroy()
}

/** Waits until the log has a line with this text. */
async function logged(text: string): Promise<void> {
  while (!lines.some((line) => line.includes(text))) await new Promise(setImmediate)
}

t.test('a refresh is finished and kept for the next request', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  const old = echo.received.at(-1)?.headers.authorization
  clock.ahead += 2 * 3_600_000
  await control.clock(`${clock.ahead}ms`)

  await askAndGo(`${origin}/tool`, browser.cookieHeader(origin))
  await logged('token_refreshed')
  const calls = await tokenCalls()
  const answer = await browser.load(`${origin}/tool`)

  t.equal(answer.status, 200)
  t.not(echo.received.at(-1)?.headers.authorization, old)
  t.equal(await tokenCalls(), calls, 'without asking again')
})

t.test('a sign-in is finished, and the browser that comes again is signed in', async (t) => {
  const browser = createBrowser()
  const callback = await browser.callbackOf(`${origin}/tool`)
  lines.length = 0

  await askAndGo(callback, browser.cookieHeader(origin))
  await logged('"sign_in"')
  const page = await browser.open(callback)
  const again = await browser.open(`${origin}/oauth/sign-in?return_to=/tool`)

  t.match(page, { status: 200, url: `${origin}/tool` })
  t.match(again, { status: 200, url: `${origin}/tool` })
})

t.test('nothing of it is a failure of ours', async (t) => {
  t.strictSame(
    lines.filter((line) => /"level":(50|60)|internal_error/.test(line)),
    [],
  )
})
