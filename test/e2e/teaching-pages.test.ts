import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { allRules, contrast, violations } from '../support/axe.ts'
import { startChromium } from '../support/chromium.ts'
import { startStack } from '../support/stack.ts'

const clock = { at: Date.now() }
const [{ origin, control, cognito }, chromium] = await Promise.all([
  startStack(t, { now: () => clock.at, isDev: true }),
  startChromium(t),
])
const client = '1localexample'

t.afterEach(async () => {
  await control.reset()
  clock.at += 5_000
})

/** A browser of its own: one page, and all that its pages complain of. */
async function open(t: Test) {
  const context = await chromium.newContext({
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  t.teardown(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // An error page is one on purpose.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text())
  })
  page.on('response', (response) => {
    if (response.status() >= 400 && !response.request().isNavigationRequest()) complaints.push(response.url())
  })
  return { page, complaints }
}

async function signIn(page: Page): Promise<void> {
  await page.fill('input[name=username]', 'ada')
  await page.fill('input[name=password]', 'Passw0rd!')
  await page.click('button')
}

async function isAccessible(t: Test, page: Page): Promise<void> {
  for (const summary of await page.locator('summary').all()) await summary.click()
  await page.emulateMedia({ colorScheme: 'light' })
  t.strictSame(await violations(page, allRules), [], `${page.url()}, light`)
  await page.emulateMedia({ colorScheme: 'dark' })
  t.strictSame(await violations(page, contrast), [], `${page.url()}, dark`)
}

t.test('an owner starts the test, signs in, reads the report and copies it', async (t) => {
  const { page, complaints } = await open(t)
  await page.goto(`${origin}/oauth/test?provider=cognito`)
  await isAccessible(t, page)

  await page.getByLabel('Then call').selectOption('The tool')
  await page.getByRole('button', { name: 'Start the test' }).click()
  t.ok(page.url().startsWith(cognito.domain), 'at the provider')
  await signIn(page)
  await page.waitForURL(`${origin}/oauth/test`)

  t.equal(await page.title(), 'Sign-in test report · toolgate')
  t.equal(await page.textContent('.verdict h2'), 'Sign-in test passed')
  t.equal(await page.getByText('Passed', { exact: true }).count(), 8)
  t.match(await page.textContent('ol'), 'tool answered 200')
  t.equal(await page.getByLabel('Then call').inputValue(), 'tool', 'ready to be tried again')
  await page.getByRole('button', { name: 'Copy report' }).click()
  await page.getByRole('status').getByText('Copied').waitFor()
  const copied = String(await page.evaluate('navigator.clipboard.readText()'))
  t.match(copied, /^Sign-in test passed · Cognito · /)
  t.match(copied, '8. Call: Passed')
  t.notMatch(copied, /eyJ|local-secret/)
  await isAccessible(t, page)
  t.strictSame(complaints, [])
})

t.test('a failed test names the step, and what to paste can be taken with one click', async (t) => {
  const { page, complaints } = await open(t)
  await control.client(client, { callback_urls: [`${origin}/oauth/callback/`] })
  await page.goto(`${origin}/oauth/test`)

  await page.getByRole('button', { name: 'Start the test' }).click()

  t.equal(await page.textContent('.verdict h2'), 'Sign-in test failed')
  t.match(await page.textContent('main'), 'Look at Authorize.')
  t.equal(await page.locator('dd code').textContent(), `${origin}/oauth/callback`)
  await page.locator('dd code').click()
  t.equal(String(await page.evaluate('String(getSelection())')).trim(), `${origin}/oauth/callback`)
  await isAccessible(t, page)
  t.strictSame(complaints, [])
})

t.test('a person on the way to a tool meets a page of ours, and gets on once it is put right', async (t) => {
  const { page, complaints } = await open(t)
  await control.client(client, { branding: false })

  await page.goto(`${origin}/tool`)

  t.equal(await page.textContent('h1'), 'You could not be signed in')
  t.notOk(await page.getByText('Create a style and assign').isVisible(), 'folded away')
  await isAccessible(t, page)
  t.ok(await page.getByText('Create a style and assign').isVisible())
  await control.reset()
  clock.at += 5_000
  await page.getByRole('link', { name: 'Try again' }).click()
  await signIn(page)
  await page.waitForURL(`${origin}/tool`)
  t.strictSame(complaints, [])
})

t.test('the live pages pass axe under their own policy, and complain of nothing', async (t) => {
  const { page, complaints } = await open(t)
  await page.goto(`${origin}/oauth/`)
  await isAccessible(t, page)
  await page.goto(`${origin}/oauth/sign-in`)
  await signIn(page)
  await page.waitForURL(`${origin}/oauth/`)

  for (const path of [
    '/oauth/',
    '/oauth/connections',
    '/oauth/sign-out',
    '/operators',
    '/nowhere',
    '/oauth/callback?state=x',
  ]) {
    const answer = await page.goto(origin + path)

    t.match(answer?.headers()['content-security-policy'], "default-src 'none'")
    await isAccessible(t, page)
  }
  t.strictSame(complaints, [])
})
