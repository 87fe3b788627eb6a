import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { createBrowser } from '../support/browser.ts'
import { startChromium } from '../support/chromium.ts'
import { startStack } from '../support/stack.ts'
import { startTool } from '../support/tool.ts'

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const sameOrigin = { 'sec-fetch-site': 'same-origin' }

/** A gateway whose calls to the token endpoint and to the tool each wait until they are let go. */
async function startHeld(t: Test) {
  const held = { token: createGate(), tool: createGate() }
  const token = await startTool(t, async (incoming, response) => {
    const body = Buffer.concat(await incoming.toArray())
    await held.token.pass()
    const { authorization = '', 'content-type': type = '' } = incoming.headers
    const headers = { authorization, 'content-type': type }
    const answer = await fetch(`${stack.cognito.domain}/oauth2/token`, { method: 'POST', headers, body })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  const tool = await startTool(t, async (_request, response) => {
    await held.tool.pass()
    response.end('{}')
  })
  const stack = await startStack(t, {
    config: { routes: [{ name: 'tool', title: 'The tool', path: '/tool', upstream: tool.url }] },
    provider: { token_endpoint: `${token.url}/oauth2/token` },
    isDev: true,
  })
  return { ...stack, held }
}

/** Where calls wait: `arrival` is the next one that does, `open` lets it go. */
function createGate() {
  let arrival = Promise.withResolvers<void>()
  let opened = Promise.withResolvers<void>()
  return {
    arrival: () => arrival.promise,
    async pass() {
      arrival.resolve()
      await opened.promise
    },
    open() {
      const { resolve } = opened
      arrival = Promise.withResolvers()
      opened = Promise.withResolvers()
      resolve()
    },
  }
}

/** Comes back from the provider and begins to read the report. */
async function startReading(origin: string) {
  const browser = createBrowser()
  const form = { provider: 'cognito', route: 'tool' }
  const { location = '' } = await browser.load(`${origin}/oauth/test`, { method: 'POST', headers: sameOrigin, form })
  await browser.load(await browser.callbackOf(location))
  const cookie = browser.cookieHeader(origin)
  const { body } = await request(`${origin}/oauth/test`, { headers: { ...navigation, cookie } })
  let text = ''
  const chunks = body.setEncoding('utf8')[Symbol.asyncIterator]()
  return {
    /** Reads on until this is there. Gives all so far. */
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(text)) {
        const { value, done } = await chunks.next()
        if (done) throw new Error(`ended without ${pattern}: ${text}`)
        text += value
      }
      return text
    },
    leave: () => void body.destroy(),
  }
}

const told = (step: string, status: string) => new RegExp(`${step} <span class="badge \\w+">${status}<`)

t.test('each step is on the page before the next one is answered', async (t) => {
  const { origin, held } = await startHeld(t)

  const report = await startReading(origin)

  const waiting = await report.until(told('Code exchange', 'Pending'))
  t.match(waiting, told('Callback', 'Passed'))
  t.notMatch(waiting, told('Code exchange', 'Passed'))
  await held.token.arrival()
  held.token.open()
  const refreshing = await report.until(told('Refresh', 'Pending'))
  t.match(refreshing, told('Scopes', 'Passed'))
  t.notMatch(refreshing, told('Refresh', 'Passed'))
  await held.token.arrival()
  held.token.open()
  const calling = await report.until(told('Call', 'Pending'))
  t.notMatch(calling, 'Sign-in test passed')
  await held.tool.arrival()
  held.tool.open()
  t.match(await report.until(/<\/html>/), 'Sign-in test passed')
})

t.test('a browser that leaves in the middle leaves nothing good behind', async (t) => {
  for (const left of ['Code exchange', 'Refresh', 'Call']) {
    const { origin, held, control, gateway } = await startHeld(t)
    await control.client('1localexample', { rotation: { enabled: true, grace: '60s' } })
    const closed = Promise.withResolvers<void>()
    gateway.app.server.on('request', (_request, response) => void response.on('close', () => closed.resolve()))
    const report = await startReading(origin)
    const waitsFor = { 'Code exchange': held.token, Refresh: held.token, Call: held.tool }
    for (const step of ['Code exchange', 'Refresh', 'Call'] as const) {
      await report.until(told(step, 'Pending'))
      await waitsFor[step].arrival()
      if (step === left) break
      waitsFor[step].open()
    }

    report.leave()
    await closed.promise
    waitsFor[left as keyof typeof waitsFor].open()

    const received = left === 'Code exchange' ? 1 : 2
    for (;;) {
      const { requests } = await control.log()
      if (requests.filter(({ endpoint, status }) => endpoint === 'revoke' && status === 200).length === received) break
    }
    t.pass(`at ${left}: ${received} revoked`)
  }
})

t.test('in Chromium: the steps appear one by one, at the end the verdict is on top, without a script', async (t) => {
  const { origin, held } = await startHeld(t)
  const chromium = await startChromium(t)
  const page = await chromium.newPage()
  await page.route('**/*.js', (route) => route.abort())
  const badges = async () => (await page.locator('.badge:visible').allInnerTexts()).join(' ')

  await page.goto(`${origin}/oauth/test`)
  await page.click('text=Start the test')
  await page.fill('input[name=username]', 'ada')
  await page.fill('input[name=password]', 'Passw0rd!')
  await page.click('button', { noWaitAfter: true })

  await page.locator('.pending:visible', { hasText: 'Code exchange' }).waitFor()
  t.equal(await badges(), 'Passed Passed Pending')
  held.token.open()
  await page.locator('.pending:visible', { hasText: 'Refresh' }).waitFor()
  t.equal(await badges(), 'Passed Passed Passed Passed Passed Passed Pending')
  held.token.open()
  await page.locator('.pending:visible', { hasText: 'Call' }).waitFor()
  const loaded = page.waitForEvent('load')
  held.tool.open()
  await loaded

  t.equal(await badges(), 'Passed '.repeat(8).trim())
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    const [title, verdict, steps] = [await top(page, 'h1'), await top(page, '.verdict'), await top(page, 'ol')]
    t.ok(title < verdict && verdict < steps, `${width} wide: ${title} ${verdict} ${steps}`)
    t.ok(verdict < 400, 'seen without scrolling')
  }
  await page.reload()
  t.equal(await page.textContent('h1'), 'Test sign-in', 'loaded again, it offers another test')
})

/** How far down an element begins. */
async function top(page: Page, selector: string): Promise<number> {
  return (await page.locator(selector).first().boundingBox())?.y ?? Number.NaN
}
