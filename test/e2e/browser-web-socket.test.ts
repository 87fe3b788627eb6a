import t from 'tap'
import { startChromium } from '../support/chromium.ts'
import { startEcho } from '../support/echo.ts'
import { startStack } from '../support/stack.ts'
import { startSocketTool } from '../support/web-socket.ts'

/** What a page does: opens a WebSocket, sends a line, and tells what came of it. */
async function talk(address: string): Promise<string> {
  const socket = new WebSocket(address, ['chat'])
  return new Promise((resolve) => {
    socket.onopen = () => socket.send('hello')
    socket.onmessage = ({ data }) => resolve(`${data} over ${socket.protocol}, ${socket.extensions}`)
    socket.onclose = ({ code }) => resolve(`closed with ${code}`)
    Object.assign(globalThis, { ending: new Promise((close) => socket.addEventListener('close', close)) })
  })
}

/** The code with which the socket of `talk` was closed. */
async function closeCode(): Promise<number> {
  const { ending } = globalThis as unknown as { ending: Promise<CloseEvent> }
  return (await ending).code
}

t.test('a page opens a WebSocket to its tool, no other page does, and signing out closes it', async (t) => {
  const [tool, echo, chromium] = await Promise.all([
    startSocketTool(t, { perMessageDeflate: { threshold: 0 } }),
    startEcho(t),
    startChromium(t),
  ])
  const routes = [
    { name: 'page', path: '/tool', upstream: echo.url },
    { name: 'socket', path: '/tool/socket', upstream: tool.url },
  ]
  const { origin } = await startStack(t, { recheckMs: 50, config: { routes } })
  const address = `${origin.replace('http', 'ws')}/tool/socket`
  const context = await chromium.newContext()
  const page = await context.newPage()
  await page.goto(`${origin}/tool`)
  await page.fill('input[name=username]', 'ada')
  await page.fill('input[name=password]', 'Passw0rd!')
  await page.click('button')
  await page.waitForURL(`${origin}/tool`)
  const other = await context.newPage()
  // The same site, so that the cookie goes along, but not the same origin.
  await other.goto(echo.url.replace('127.0.0.1', 'localhost'))

  t.equal(await page.evaluate(talk, address), 'hello over chat, permessage-deflate')
  t.equal(await other.evaluate(talk, address), 'closed with 1006')
  t.equal(tool.handshakes.length, 1)
  t.match(tool.handshakes[0]?.headers, { origin, authorization: /^Bearer ey/, cookie: undefined })

  const closed = page.evaluate(closeCode)
  await other.goto(`${origin}/oauth/sign-out`)
  await other.click('text=Sign out of this browser')
  t.equal(await closed, 4401)
})
