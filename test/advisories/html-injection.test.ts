/**
 * What somebody made up is markup on one of our pages.
 * - CVE-2019-1010247
 * - mod_auth_openidc 2026-08-07, pages
 */
import t, { type Test } from 'tap'
import { type Answer, createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const { origin, control, cognito } = await startStack(t, { isDev: true })
const evil = `'"><script>alert(1)</script><img src=x onerror=alert(2)>&lt;`
const encoded = encodeURIComponent(evil)

function isClean(t: Test, { url, body, headers }: Answer): void {
  if (!/^text\/html/.test(String(headers['content-type']))) {
    t.ok(body === '' || /^application\/(problem\+)?json/.test(String(headers['content-type'])), url)
    return
  }
  t.notMatch(body, /<script>alert|<img src=x|<[^>]* on\w+=/, url)
  t.match(headers['content-security-policy'], /default-src 'none'.*script-src 'self'/, url)
  t.equal(headers['x-content-type-options'], 'nosniff', url)
}

t.test('nothing of a request is markup on the page that answers it', async (t) => {
  const browser = createBrowser()
  const { location = '' } = await browser.open(`${origin}/tool`, (at) => at.startsWith(cognito.domain))
  const state = new URL(location).searchParams.get('state')
  const told = [`error=${encoded}&error_description=${encoded}&error_uri=${encoded}`, `code=${encoded}`]
  const paths = [
    ...told.flatMap((query) => [`/oauth/callback?${query}`, `/oauth/callback?${query}&state=${encoded}`]),
    ...[`/oauth/sign-in?provider=${encoded}`, `/oauth/test?provider=${encoded}`, `/oauth/signed-out?${encoded}`],
    ...[`/oauth/${encoded.replaceAll('%2F', '')}`, `/nowhere/${encoded.replaceAll('%2F', '')}`, `/?${encoded}`],
    ...[`/oauth/callback?error=${encoded}&error_description=${encoded}&state=${state}`],
  ]

  for (const path of paths) isClean(t, await browser.load(origin + path))
  for (const path of paths) isClean(t, await browser.send(origin + path, { headers: { accept: 'application/json' } }))
  isClean(t, await browser.load(`${origin}/tool`, { headers: { host: evil } }))
  isClean(t, await browser.load(`${origin}/oauth/`, { headers: { referer: evil, 'user-agent': evil } }))
})

t.test('nothing of a user is markup on a page', async (t) => {
  await control.pool({
    extra_claims: { name: evil, email: `${evil.replace(/[ @]/g, '')}@x`, 'cognito:groups': [evil] },
  })
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  await control.pool({ extra_claims: {} })

  for (const path of ['/oauth/', '/oauth/connections', '/oauth/sign-out', '/oauth/test', '/operators', '/oauth/me']) {
    const page = await browser.load(origin + path)
    t.not(page.status, 302, path)
    isClean(t, page)
  }
})
