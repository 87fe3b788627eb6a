import type { BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startChromium } from '../support/chromium.ts'
import { startDev } from '../support/dev.ts'

const [{ origin }, chromium] = await Promise.all([startDev(t), startChromium(t)])

/** A browser of its own: one page, and all that its pages complain of. */
async function open(t: Test) {
  const context = await chromium.newContext()
  t.teardown(() => context.close())
  const complaints: string[] = []
  return { context, complaints, page: await newPage(context, complaints) }
}

async function newPage(context: BrowserContext, complaints: string[] = []): Promise<Page> {
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // An error page is one on purpose; what a page loads is looked at below.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  page.on('response', (response) => {
    if (response.status() >= 400 && !response.request().isNavigationRequest()) complaints.push(response.url())
  })
  page.on('requestfailed', (request) => {
    // Aborted: the page was left before it had everything.
    const reason = request.failure()?.errorText
    if (reason !== 'net::ERR_ABORTED') complaints.push(`${request.url()} ${reason}`)
  })
  return page
}

/** Fills in the sign-in page of the local Cognito, which must be open. */
async function signIn(page: Page, username = 'ada'): Promise<void> {
  await page.fill('input[name=username]', username)
  await page.fill('input[name=password]', 'Passw0rd!')
  await page.click('button')
}

const heading = (page: Page) => page.textContent('h1')

t.test('a person opens a tool, signs in, and is back at the address first asked for, known by name', async (t) => {
  const { page, complaints } = await open(t)

  await page.goto(`${origin}/hello/reports?year=2026&q=a%20b`)
  t.notMatch(page.url(), origin, 'at the provider')
  await signIn(page)

  t.equal(await heading(page), 'Hello, ada')
  t.equal(page.url(), `${origin}/hello/reports?year=2026&q=a%20b`)
  t.match(await page.textContent('body'), '/hello/reports?year=2026&q=a%20b', 'the tool got it, too')
  t.strictSame(complaints, [])
})

t.test('two tabs that start signing in at once both end signed in', async (t) => {
  const { context, page: first } = await open(t)
  const second = await newPage(context)

  await Promise.all([first.goto(`${origin}/hello/first`), second.goto(`${origin}/hello/second`)])
  await Promise.all([signIn(first), signIn(second)])
  await Promise.all([first.waitForURL(`${origin}/hello/first`), second.waitForURL(`${origin}/hello/second`)])

  for (const page of [first, second]) t.equal(await heading(page), 'Hello, ada')
  for (const page of [first, second]) {
    await page.reload()
    t.equal(await heading(page), 'Hello, ada', 'and stay so')
  }
})

t.test('the back button and the callback opened again end signed in, without an error page', async (t) => {
  const { page, complaints } = await open(t)
  const callbacks: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/oauth/callback')) callbacks.push(request.url())
  })
  await page.goto(`${origin}/hello/back`)
  await signIn(page)
  await page.waitForURL(`${origin}/hello/back`)

  await page.goBack()
  await signIn(page)
  await page.waitForURL(`${origin}/hello/back`)
  t.equal(await heading(page), 'Hello, ada', 'the sign-in page of then still works')

  for (const callback of callbacks.slice()) {
    await page.goto(callback)
    t.equal(page.url(), `${origin}/hello/back`)
    t.equal(await heading(page), 'Hello, ada')
  }
  t.equal(callbacks.length, 4)
  t.strictSame(complaints, [])
})

t.test('after signing out through the provider the next sign-in asks for the password again', async (t) => {
  const { page, complaints } = await open(t)
  await page.goto(`${origin}/hello/`)
  await signIn(page)
  await page.goto(`${origin}/oauth/`)
  t.match(await page.textContent('header'), 'ada@example.com')

  await page.click('text=Sign out')
  await page.click('text=Sign out of this browser')

  t.equal(page.url(), `${origin}/oauth/signed-out`)
  t.equal(await heading(page), 'You are signed out')
  t.match(await page.textContent('main'), 'Your session at Cognito')
  await page.click('text=Sign in again')
  t.ok(await page.isVisible('input[name=password]'))
  await signIn(page)
  await page.waitForURL(`${origin}/oauth/`)
  t.strictSame(complaints, [])
})

t.test('signing out leaves the session of another browser, signing out everywhere ends it, too', async (t) => {
  const [{ page: here, complaints }, { page: elsewhere }, { page: grace }] = [
    await open(t),
    await open(t),
    await open(t),
  ]
  for (const page of [here, elsewhere]) {
    await page.goto(`${origin}/hello/`)
    await signIn(page)
    await page.waitForURL(`${origin}/hello/`)
  }
  await grace.goto(`${origin}/hello/`)
  await signIn(grace, 'grace')

  await here.goto(`${origin}/oauth/sign-out`)
  await here.click('text=Sign out of this browser')
  t.equal(await statusOfMe(here), 401)
  t.equal(await statusOfMe(elsewhere), 200)

  await here.click('text=Sign in again')
  await signIn(here)
  await here.goto(`${origin}/oauth/sign-out`)
  await here.click('text=Sign out everywhere')
  t.match(await here.textContent('main'), 'Your sessions in every browser')
  t.equal(await statusOfMe(elsewhere), 401)
  t.equal(await statusOfMe(grace), 200, 'nobody else is signed out')
  t.strictSame(complaints, [])
})

t.test('who is in the wrong group sees who they are, and can switch to an account that may', async (t) => {
  const { page, complaints } = await open(t)
  await page.goto(`${origin}/analysts/report`)
  await signIn(page, 'grace')

  t.equal(await heading(page), 'You do not have access to For analysts')
  t.match(await page.textContent('main'), 'grace@example.com')
  await page.click('text=Switch account')
  await page.click('text=Sign out of this browser')
  await page.click('text=Sign in again')
  await signIn(page)
  await page.waitForURL(`${origin}/oauth/`)
  await page.click('text=For analysts')

  t.equal(await heading(page), 'Hello, ada')
  t.strictSame(complaints, [])
})

const pages: readonly [path: string, username: string][] = [
  ['/oauth/', ''],
  ['/oauth/', 'ada'],
  ['/oauth/sign-out', 'ada'],
  ['/oauth/signed-out', ''],
  ['/oauth/callback?state=x', ''],
  ['/nowhere', ''],
  ['/analysts/', 'grace'],
]
for (const [path, username] of pages) {
  t.test(`every link and button of ${path} works under our policy, for ${username || 'nobody'}`, async (t) => {
    const { context, page, complaints } = await open(t)
    const controls = page.locator('main a, main button, header a')
    const visit = async () => {
      if (username === '') await context.clearCookies()
      else if ((await statusOfMe(page)) === 401) {
        await page.goto(`${origin}/oauth/sign-in`)
        await signIn(page, username)
        await page.waitForURL(`${origin}/oauth/`)
      }
      await page.goto(origin + path)
    }

    await visit()
    const count = await controls.count()
    t.ok(count > 0, `${count} links and buttons`)
    for (let i = 0; i < count; i++) {
      await visit()
      const label = await controls.nth(i).innerText()
      const answer = page.waitForResponse(
        (response) => response.request().isNavigationRequest() && response.status() < 300,
      )
      await controls.nth(i).click()
      t.match(await (await answer).text(), /\w/, label)
      await page.waitForLoadState()
    }
    t.strictSame(complaints, [])
  })
}

/** Whether the page's browser is signed in: 200 or 401. */
async function statusOfMe(page: Page): Promise<number> {
  return (await page.context().request.get(`${origin}/oauth/me`)).status()
}
