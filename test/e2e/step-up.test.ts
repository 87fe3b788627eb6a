import t, { type Test } from 'tap'
import { type Answer, createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

type Browser = ReturnType<typeof createBrowser>

const clock = { ahead: 0 }
const usual = ['openid', 'profile', 'email']

/** A gateway with a route for each of two more scopes, of which the client may have the first. */
async function start(t: Test) {
  const upstream = 'http://127.0.0.1:9'
  const stack = await startStack(t, {
    now: () => Date.now() + clock.ahead,
    config: {
      routes: [
        { name: 'tool', path: '/tool', upstream },
        { name: 'reports', title: 'Reports', path: '/reports', upstream, scopes: ['reports/read'] },
        { name: 'both', path: '/both', upstream, scopes: ['reports/read', 'reports/write'] },
      ],
    },
  })
  const toProvider = (location: string) => location.startsWith(stack.cognito.domain)
  return {
    ...stack,
    toProvider,
    /** The scopes that a page load is sent to the provider for. */
    askedBy: async (browser: Browser, path: string) => scopesIn(await browser.load(stack.origin + path)),
  }
}

const stack = await start(t)
const { origin, control, askedBy } = stack

function scopesIn({ location }: Answer): readonly string[] {
  return new URL(location ?? 'none:').searchParams.get('scope')?.split(' ') ?? []
}

/** 502: the tool behind is not there, so whoever meets it was let through. */
const passed = 502

const signedIn = async (path = '/tool', username = 'ada') => {
  const browser = createBrowser()
  await browser.signIn(origin + path, username)
  return browser
}

async function authorizations(): Promise<number> {
  return (await control.log()).counts.authorize
}

t.test('a token that lacks a scope: to the provider for the union, and back to the address', async (t) => {
  const browser = await signedIn()
  const session = browser.cookies(origin).get('toolgate')?.value

  const away = await browser.load(`${origin}/reports/2026?q=1`)
  const page = await browser.open(away.location ?? '')

  t.equal(away.status, 302)
  t.strictSame(scopesIn(away), [...usual, 'reports/read'])
  t.match(page, { status: passed, url: `${origin}/reports/2026?q=1` })
  t.equal(browser.cookies(origin).get('toolgate')?.value, session, 'the session is the same')
  t.equal((await browser.load(`${origin}/reports`)).status, passed, 'once is enough')
})

t.test('a program is told all scopes that the route needs', async (t) => {
  const browser = await signedIn('/tool', 'grace')

  const { status, headers, body } = await browser.send(`${origin}/both`)

  t.equal(status, 403)
  t.match(headers['www-authenticate'], 'Bearer error="insufficient_scope", scope="reports/read reports/write"')
  t.match(JSON.parse(body), { code: 'insufficient_scope', scope: 'reports/read reports/write' })
})

t.test('a form that is sent is not taken to the provider', async (t) => {
  const browser = await signedIn('/tool', 'grace')

  const page = await browser.load(`${origin}/reports`, { method: 'POST', form: { a: 'b' }, headers: { origin } })

  t.match(page, { status: 403, location: undefined })
  t.match(page.body, 'reports/read')
})

t.test('a scope that is not enabled ends in a page that names it, in each browser, for ten minutes', async (t) => {
  for (const browser of [await signedIn(), await signedIn()]) {
    const page = await browser.open(`${origin}/both`)
    const asked = await authorizations()
    const again = await browser.load(`${origin}/both`)

    for (const answer of [page, again]) {
      t.match(answer, { status: 403, url: `${origin}/both` })
      t.match(answer.body, /insufficient_scope/)
      t.match(answer.body, 'reports/write')
    }
    t.equal(await authorizations(), asked, 'nobody asked again')
    t.equal((await browser.load(`${origin}/reports`)).status, passed, 'what was granted stays')
  }
  const browser = await signedIn()
  await browser.open(`${origin}/both`)
  clock.ahead += 10 * 60_000

  t.strictSame(await askedBy(browser, '/both'), [...usual, 'reports/read', 'reports/write'])
})

t.test('who says no there meets the same page', async (t) => {
  const browser = await signedIn('/tool', 'grace')
  const away = await browser.load(`${origin}/reports`)
  const state = new URL(away.location ?? '').searchParams.get('state') ?? ''

  const page = await browser.open(`${origin}/oauth/callback?${new URLSearchParams({ error: 'access_denied', state })}`)

  t.match(page, { status: 403, url: `${origin}/reports` })
  t.match(page.body, 'reports/read')
})

t.test('a sign-in from a second browser goes back once for the scopes that are stored', async (t) => {
  const first = await signedIn('/reports')
  const second = createBrowser()
  const before = (await control.log()).counts.token

  const page = await second.signIn(`${origin}/tool`)

  t.match(page, { status: passed, url: `${origin}/tool` })
  t.equal((await control.log()).counts.token, before + 2)
  for (const browser of [first, second]) t.equal((await browser.load(`${origin}/reports`)).status, passed)
})

t.test('a scope that the client lost makes no sign-in impossible', async (t) => {
  const own = await start(t)
  await createBrowser().signIn(`${own.origin}/reports`)
  await own.control.client('1localexample', { scopes: usual })
  const browser = createBrowser()

  const page = await browser.signIn(`${own.origin}/tool`)
  const refused = await browser.open(`${own.origin}/reports`)

  t.match(page, { status: passed, url: `${own.origin}/tool` })
  t.match(refused, { status: 403, url: `${own.origin}/reports` })
  t.match(refused.body, 'reports/read')
})

t.test('opening a route whose scope the client lost is no loop either', async (t) => {
  const own = await start(t)
  await createBrowser().signIn(`${own.origin}/reports`)
  await own.control.client('1localexample', { scopes: usual })

  const page = await createBrowser().signIn(`${own.origin}/reports`)

  t.match(page, { status: 403, url: `${own.origin}/reports` })
  t.match(page.body, 'reports/read')
})

t.test('a step-up that is answered for another account stores nothing', async (t) => {
  const browser = await signedIn('/tool', 'grace')
  const away = await browser.load(`${origin}/reports`)
  const elsewhere = await (await signedIn()).callbackOf(away.location ?? '')

  const page = await browser.load(elsewhere)

  t.equal(page.status, 400)
  t.match(page.body, 'provider_refused')
  t.match(page.body, 'another account')
  t.match(page.body, 'href="/reports"', 'tries again where it was needed')
  t.match(JSON.parse((await browser.send(`${origin}/oauth/me`)).body), { email: 'grace@example.com' })
  t.equal((await browser.send(`${origin}/reports`)).status, 403, 'no more scopes than before')
})

t.test('a step-up that started in another session ends in nothing', async (t) => {
  const browser = await signedIn('/tool', 'grace')
  const callback = await browser.callbackOf(`${origin}/reports`, 'grace')
  await browser.open(`${origin}/oauth/sign-in?return_to=/tool`)

  const page = await browser.load(callback)

  t.equal(page.status, 400)
  t.match(page.body, 'attempt_unknown')
  t.equal((await browser.send(`${origin}/reports`)).status, 403)
})
