import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { allRules, contrast, violations } from '../support/axe.ts'
import { launchChromium } from '../support/chromium.ts'
import { type Outside, ordinary, samplePages, siteFor } from '../support/sample-pages.ts'
import { type Seen, servePages } from '../support/serve-pages.ts'

const widths = [390, 1280]

/** Long words where a person, a provider or a tool can bring them. */
const long: Outside = {
  ...ordinary,
  brand: 'Northwind Traders International Tools and Reports',
  tool: 'Donaudampfschifffahrtsgesellschaftskapitänsverzeichnis',
  user: 'augusta.ada.king-noel.countess.of.lovelace@research.northwind-traders.example',
  address: `reports.northwind.example/${'q3-summary-'.repeat(12)}`,
  scope: `reports/${'x'.repeat(200)}`,
  problem: `invalid_client_${'x'.repeat(200)}`,
  requestId: '01K1C4Z8RTX5W3'.repeat(5),
}

let browser: Browser

t.before(async () => {
  browser = await launchChromium()
})

t.teardown(() => browser.close())

t.test('under our policy every page loads without a complaint, fits, and passes axe, in light and dark', async (t) => {
  const pages = samplePages()
  const origin = await serve(t, pages, ordinary)
  const page = await open(t)
  for (const name of pages.keys()) {
    const complaints = await visit(page, `${origin}/${name}`)

    t.same(complaints, [], `${name}: nothing in the console`)
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 })
      t.same(await page.evaluate(misfits), [], `${name}: everything fits, ${width} wide`)
    }
    t.same(await violations(page, allRules), [], `${name}: axe, light`)
    await page.emulateMedia({ colorScheme: 'dark' })
    t.same(await violations(page, contrast), [], `${name}: contrast, dark`)
  }
})

t.test('long words from outside never make a page scroll sideways', async (t) => {
  const origin = await serve(t, samplePages(long), long)
  const page = await open(t)
  await page.setViewportSize({ width: 390, height: 800 })
  for (const name of [
    'home',
    'sign-in',
    'sign-out',
    'connections',
    'consent',
    'consent-loopback',
    'test-failed',
    'signed-out',
    'not-sent',
    'insufficient_scope',
    'provider_refused',
  ]) {
    await visit(page, `${origin}/${name}`)

    t.same(await page.evaluate(misfits), [], name)
  }
})

t.test('any accent colour leaves enough contrast, in light and dark', async (t) => {
  for (const accent of ['#ffd400', '#101010', '#ff5a5f']) {
    const origin = await serve(t, samplePages(ordinary, accent), ordinary, accent)
    const page = await open(t)
    for (const name of ['home', 'sign-out', 'access_denied']) {
      await visit(page, `${origin}/${name}`)

      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        t.same(await violations(page, contrast), [], `${name}, ${accent}, ${colorScheme}`)
      }
    }
  }
})

t.test('where something failed the heading has the focus, and the retry needs no script', async (t) => {
  let visits = 0
  const pages = new Map([...samplePages()].map(([name, page]) => [name, page.replace('content="5"', 'content="1"')]))
  const origin = await serve(t, pages, ordinary, undefined, () => visits++)
  const page = await open(t, { javaScriptEnabled: false })

  await page.goto(`${origin}/access_denied`)
  const focused = await page.locator('h1:focus').innerText()
  await page.goto(`${origin}/provider_unavailable`)
  await page.waitForEvent('load')

  t.equal(focused, 'You do not have access to Reports')
  t.equal(visits, 3)
})

t.test('each button of the sign-out page posts its own choice', async (t) => {
  const posted: string[] = []
  const origin = await serve(
    t,
    samplePages(),
    ordinary,
    undefined,
    ({ body }) => body !== undefined && posted.push(body),
  )
  const page = await open(t)

  for (const name of ['Sign out of this browser', 'Sign out everywhere']) {
    await page.goto(`${origin}/sign-out`)
    await page.getByRole('button', { name }).click()
    await page.waitForURL(`${origin}/oauth/sign-out`)
  }

  t.same(posted, ['', 'everywhere=true'])
})

t.test('each button of the connections page posts to its own address, with the way back', async (t) => {
  const posts: (readonly [string, string])[] = []
  const note = ({ path, body }: Seen) => body !== undefined && posts.push([path, body])
  const origin = await serve(t, samplePages(), ordinary, undefined, note)
  const page = await open(t, { javaScriptEnabled: false })
  await page.goto(`${origin}/connections`)
  const buttons = await page.locator('main form button').count()

  for (let index = 0; index < buttons; index++) {
    await page.goto(`${origin}/connections`)
    for (const summary of await page.locator('summary').all()) await summary.click()
    await page.locator('main form button').nth(index).click()
    await page.waitForURL((url) => url.pathname !== '/connections')
  }

  const at = (action: string) => [`/oauth/connections/${action}`, 'return_to=%2Freports']
  t.strictSame(posts, [
    at('cognito/refresh'),
    at('github/connect'),
    at('github/refresh'),
    at('github/disconnect'),
    at('crm/connect'),
    at('crm/disconnect'),
    [ordinary.href, 'return_to=%2Freports'],
    ['/oauth/grants/kR4x/end', ''],
    [`/oauth/sessions/${'Ab1-'.repeat(10)}xyz/end`, ''],
    [ordinary.href, ''],
    [ordinary.href, ''],
    ['/oauth/sign-out', 'everywhere=true'],
  ])
})

t.test('a consent page is answered by its two buttons, of equal weight, with what was shown', async (t) => {
  const posts: string[] = []
  const origin = await serve(t, samplePages(), ordinary, undefined, ({ path, body }) => {
    if (body !== undefined) posts.push(`${path} ${body}`)
  })
  const page = await open(t, { javaScriptEnabled: false })
  const areas: number[] = []

  for (const name of ['Deny', 'Allow']) {
    await page.goto(`${origin}/consent`)
    const button = page.getByRole('button', { name, exact: true })
    const box = await button.boundingBox()
    areas.push(Math.round((box?.width ?? 0) * (box?.height ?? 0)))
    t.equal(await button.getAttribute('class'), 'button')
    await button.click()
    await page.waitForURL((url) => url.pathname === '/oauth/consent')
  }

  t.equal(areas[0], areas[1])
  const asked = `/oauth/consent?client_id=claude&state=1 shown=${'x'.repeat(43)}`
  t.strictSame(posts, [`${asked}&decision=deny`, `${asked}&decision=allow`])
})

t.test('ending a connection takes two steps, and the second says what stops working', async (t) => {
  const origin = await serve(t, samplePages(), ordinary)
  const page = await open(t, { javaScriptEnabled: false })
  await page.goto(`${origin}/connections`)
  const button = page.getByRole('button', { name: 'Disconnect now: GitHub' })

  const before = await button.isVisible()
  await page.locator('.card', { hasText: 'GitHub' }).getByText('Disconnect', { exact: true }).click()

  t.equal(before, false)
  t.equal(await button.isVisible(), true)
  t.ok(await page.getByText('Reports and Issue tracker will not work for you until').isVisible())
})

t.test('a test sign-in starts with the chosen provider and tool', async (t) => {
  const posted: string[] = []
  const origin = await serve(t, samplePages(), ordinary, undefined, ({ body }) => body && posted.push(body))
  const page = await open(t, { javaScriptEnabled: false })

  for (const tool of ['Design notes', 'No tool']) {
    await page.goto(`${origin}/test-failed`)
    await page.getByLabel('Sign in with').selectOption('GitHub')
    await page.getByLabel('Then call').selectOption(tool)
    await page.getByRole('button', { name: 'Start the test' }).click()
    await page.waitForURL(`${origin}/oauth/test`)
  }

  t.same(posted, ['provider=github&route=notes', 'provider=github&route='])
})

t.test('the report is copied by a button, and without a script it is there to read', async (t) => {
  const origin = await serve(t, samplePages(), ordinary)
  const page = await open(t, { permissions: ['clipboard-read', 'clipboard-write'] })
  const plain = await open(t, { javaScriptEnabled: false })
  await page.goto(`${origin}/test-failed`)
  await plain.goto(`${origin}/test-failed`)

  await page.getByRole('button', { name: 'Copy report' }).click()
  await page.getByRole('status').getByText('Copied').waitFor()
  const copied = await page.evaluate('navigator.clipboard.readText()')
  await plain.getByText('Report as text').click()

  t.match(copied, /^Sign-in test failed · Cognito · Reports · 2026-07-27 14:03:12 UTC\n\n1\. Authorize: Passed\n/)
  t.equal(await plain.getByRole('textbox', { name: 'Report as text' }).inputValue(), copied)
  t.equal(await plain.getByRole('button', { name: 'Copy report' }).count(), 0)
})

t.test('where the clipboard is closed to us the report is unfolded and selected', async (t) => {
  const origin = await serve(t, samplePages(), ordinary)
  const page = await open(t)
  await page.goto(`${origin}/test-failed`)
  await page.evaluate('navigator.clipboard.writeText = () => Promise.reject(new Error("closed"))')

  await page.getByRole('button', { name: 'Copy report' }).click()
  await page.getByRole('textbox', { name: 'Report as text' }).waitFor()

  t.match(await page.evaluate('getSelection().toString()'), /^Sign-in test failed[\s\S]*8\. Call: Skipped/)
})

/** Origin of the pages, served until the test ends. */
async function serve(
  t: Test,
  pages: ReadonlyMap<string, string>,
  outside: Outside,
  accent?: string,
  seen?: (request: Seen) => void,
): Promise<string> {
  const { origin, close } = await servePages(pages, siteFor(outside, accent).assets, seen)
  t.teardown(close)
  return origin
}

/** A new window. Without motion, since a colour halfway between light and dark has no contrast worth measuring. */
async function open(t: Test, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  t.teardown(() => context.close())
  return context.newPage()
}

/** Opens the page with everything unfolded; gives what the browser complained about. */
async function visit(page: Page, url: string): Promise<string[]> {
  const complaints: string[] = []
  const note = (message: { text: () => string }) => complaints.push(message.text())
  page.on('console', note)
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto(url)
  await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
  page.off('console', note)
  return complaints
}

/**
 * Run in the page, and text because the types of a browser are not ours: what is wider than the window, too small to
 * hit (a tile is one large target, a link within a sentence is as high as its line), or a picture that did not load.
 */
const misfits = `(() => {
  const found = []
  const { scrollWidth } = document.documentElement
  if (scrollWidth > innerWidth) found.push('the page is ' + scrollWidth + ' wide')
  for (const target of document.querySelectorAll('a:not(.doc a), button:not([hidden]), select, summary')) {
    const { width, height } = (target.closest('.tile') ?? target).getBoundingClientRect()
    if (height < 43.99 || width < 43.99) found.push(target.textContent + ': ' + width + ' × ' + height)
  }
  for (const { src, naturalWidth } of document.images) if (naturalWidth === 0) found.push(src + ' is no picture')
  return found
})()`
