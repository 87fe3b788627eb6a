import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium as browser } from 'playwright-core'
import t, { type Test } from 'tap'
import { chromium } from '../support/binaries.ts'
import { localCognito } from './support.ts'

const args = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking'

t.test('a person signs in with Chromium, on localhost and on 127.0.0.1, and is remembered', async (t) => {
  const chrome = await open(t)
  const redirect_uri = await client(t)
  for (const host of ['localhost', '127.0.0.1']) {
    await t.test(host, async (t) => {
      const { authorizeQuery, change, domain, log } = await localCognito(t, {}, { public_url: `http://${host}:0` })
      await change('PATCH', '/clients/1confidential', { callback_urls: [redirect_uri] })
      const context = await chrome.newContext()
      const page = await context.newPage()
      const arrived = () => new URL(page.url()).searchParams

      await page.goto(`${domain}/oauth2/authorize?${authorizeQuery({ redirect_uri, login_hint: 'ada' })}`)
      // The name is known, so the cursor waits where the password goes.
      await page.locator('input[name=password]:focus').waitFor()
      await page.keyboard.type('wrong')
      await page.keyboard.press('Enter')
      const alert = await page.getByRole('alert').textContent()
      await page.getByLabel('Password').fill('Passw0rd!')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL(`${redirect_uri}**`)
      const first = arrived()
      await page.goto(`${domain}/oauth2/authorize?${authorizeQuery({ redirect_uri, state: 's2' })}`)
      const second = arrived()
      await context.close()

      t.equal(alert, 'Incorrect username or password.')
      t.match(first.get('code'), /^[0-9a-f-]{36}$/)
      t.equal(second.get('state'), 's2')
      t.not(second.get('code'), first.get('code'))
      t.equal((await log()).counts.login, 3, 'page, wrong password, right password')
    })
  }
})

t.test('the sign-in page passes axe, in light and dark, with and without a message', async (t) => {
  const chrome = await open(t)
  const { authorizeQuery, domain } = await localCognito(t)
  const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await chrome.newPage({ colorScheme, viewport: { width: 390, height: 700 } })
    const violations = async () => {
      await page.evaluate(axe)
      return await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id }) => id))')
    }

    await page.goto(`${domain}/login?${authorizeQuery()}`)
    const plain = await violations()
    await page.getByLabel('Username').fill('ada')
    await page.getByLabel('Password').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    const withMessage = await violations()

    t.strictSame([plain, withMessage], [[], []], colorScheme)
  }
})

async function open(t: Test) {
  const chrome = await browser.launch({
    executablePath: chromium(),
    args: [...args.split(' '), '--disable-component-update', '--disable-sync'],
  })
  t.teardown(() => chrome.close())
  return chrome
}

/** The callback of a client that is glad of whatever comes. */
async function client(t: Test): Promise<string> {
  const server = createServer((_request, response) => response.end('Back at the client.'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`
}
