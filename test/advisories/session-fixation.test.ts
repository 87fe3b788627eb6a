/**
 * A session, or something kept before it, outlives a sign-in that should have replaced it.
 * - GHSA-f24x-5g9q-753f
 * - GHSA-2ccf-ffrj-m4qw
 * - mod_auth_openidc 2026-08-07, session id
 */
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const { origin } = await startStack(t)
const me = (browser: ReturnType<typeof createBrowser>) => browser.send(`${origin}/oauth/me`)

t.test('a new session id at each sign-in, and the old one is refused afterwards', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  const old = { ...browser.cookies(origin).get('toolgate') }

  await browser.open(`${origin}/oauth/sign-in?return_to=/tool`)

  const { value } = browser.cookies(origin).get('toolgate') ?? {}
  t.not(value, old.value)
  t.equal(value?.split('.')[0], old.value?.split('.')[0], 'the same user')
  t.equal((await me(browser)).status, 200)
  t.equal(
    (await createBrowser().send(`${origin}/oauth/me`, { headers: { cookie: `toolgate=${old.value}` } })).status,
    401,
  )
})

t.test('a session planted in a browser ends when its victim signs in', async (t) => {
  const attacker = createBrowser()
  await attacker.signIn(`${origin}/tool`, 'grace')
  const victim = createBrowser()
  const planted = attacker.cookies(origin).get('toolgate')
  if (planted !== undefined) victim.cookies(origin).set('toolgate', planted)

  const callback = await victim.callbackOf(`${origin}/oauth/sign-in?return_to=/tool`)
  await victim.open(callback)

  t.match(JSON.parse((await me(victim)).body), { email: 'ada@example.com' })
  t.equal((await me(attacker)).status, 401)
})

t.test('a session id that a browser made up is never taken over', async (t) => {
  const browser = createBrowser()
  const value = `${'u'.repeat(22)}.${'x'.repeat(43)}`
  browser.cookies(origin).set('toolgate', { name: 'toolgate', value })

  await browser.signIn(`${origin}/tool`)

  t.not(browser.cookies(origin).get('toolgate')?.value, value)
})

t.test('nothing that was kept before a sign-in is of use after it', async (t) => {
  const browser = createBrowser()
  const callback = await browser.callbackOf(`${origin}/tool`)
  const before = browser.cookieHeader(origin)

  await browser.open(callback)

  const attempts = [...browser.cookies(origin).keys()].filter((name) => name.startsWith('toolgate.a.'))
  t.strictSame(attempts, [])
  t.equal((await createBrowser().send(`${origin}/oauth/me`, { headers: { cookie: before } })).status, 401)
})
