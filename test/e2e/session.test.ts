import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startGateway, startParts, startStack } from '../support/stack.ts'

const minute = 60_000
const hour = 60 * minute
const clock = { ahead: 0 }
const { origin, control, cognito } = await startStack(t, {
  now: () => Date.now() + clock.ahead,
  config: { sessions: { idle: '2h', absolute: '5h' } },
})

/** Moves our clock and the provider's. */
async function advance(ms: number): Promise<void> {
  clock.ahead += ms
  await control.clock(`${clock.ahead}ms`)
}

const me = (browser: ReturnType<typeof createBrowser>) => browser.send(`${origin}/oauth/me`)

t.test('a session ends when it was not used for the idle time', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  await advance(2 * hour - minute)
  t.equal((await me(browser)).status, 200)
  await advance(2 * hour - minute)
  t.equal((await me(browser)).status, 200, 'use extends it')
  await advance(2 * hour)

  t.equal((await me(browser)).status, 401)
  t.match((await browser.load(`${origin}/tool`)).location, '/oauth/sign-in?return_to=%2Ftool')
})

t.test('no use extends a session beyond its absolute end', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  for (let i = 0; i < 4; i++) {
    await advance(1.2 * hour)
    t.equal((await me(browser)).status, 200)
  }
  t.match(JSON.parse((await me(browser)).body), { session_expires_at: after(0.2 * hour) })
  await advance(0.2 * hour + 1000)

  t.equal((await me(browser)).status, 401)
})

t.test('/oauth/me says who is signed in and until when, and shows no token', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  const { status, headers, body } = await me(browser)
  const { session_expires_at, ...rest } = JSON.parse(body)

  t.equal(status, 200)
  t.match(headers, { 'content-type': /^application\/json/, 'cache-control': 'no-store' })
  t.strictSame(rest, {
    user: `cognito:${rest.sub}`,
    sub: rest.sub,
    provider: 'cognito',
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    groups: ['analysts'],
  })
  t.match(session_expires_at, after(2 * hour))
})

t.test('/oauth/me is 401 for nobody, and says where to sign in', async (t) => {
  const { status, headers, body } = await me(createBrowser())

  t.equal(status, 401)
  t.match(headers, { 'content-type': /^application\/problem\+json/, 'www-authenticate': 'Bearer' })
  t.match(JSON.parse(body), { code: 'sign_in_required', sign_in_url: `${origin}/oauth/sign-in` })
})

const senders: readonly [string, Record<string, string>, number][] = [
  ['of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
  ['of the same site, another origin', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' }, 403],
  ['with another origin, from an old browser', { origin: 'https://evil.example' }, 403],
  ['with the origin null', { origin: 'null' }, 403],
  ['that says nothing of where it comes from', {}, 403],
  ['that contradicts itself', { 'sec-fetch-site': 'cross-site', origin }, 403],
  ['of a page of ours', { 'sec-fetch-site': 'same-origin', origin }, 302],
  ['of a page of ours, from an old browser', { origin }, 302],
]
for (const [name, headers, status] of senders) {
  t.test(`a POST ${name} to sign out is answered ${status}`, async (t) => {
    const browser = createBrowser()
    await browser.signIn(`${origin}/tool`)

    const answer = await browser.send(`${origin}/oauth/sign-out`, { method: 'POST', headers, form: {} })

    t.equal(answer.status, status)
    if (status === 403) t.match(JSON.parse(answer.body), { code: 'cross_site' })
    t.equal((await me(browser)).status, status === 403 ? 200 : 401)
  })
}

t.test('a GET signs nobody out', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  await browser.load(`${origin}/oauth/sign-out?everywhere=true`)
  await browser.load(`${origin}/oauth/signed-out`)

  t.equal((await me(browser)).status, 200)
})

t.test('signing out goes through Cognito, in its own form, which ends its session, too', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  const answer = await browser.send(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} })
  const page = await browser.open(answer.location ?? '')

  const { pathname, searchParams } = new URL(answer.location ?? '')
  t.equal(pathname, '/logout')
  t.strictSame(Object.fromEntries(searchParams), {
    client_id: '1localexample',
    logout_uri: `${origin}/oauth/signed-out`,
  })
  t.match(page, { status: 200, url: `${origin}/oauth/signed-out` })
  t.match((await browser.open(`${origin}/tool`)).url, cognito.domain, 'it asks again')
})

t.test('whoever is signed in is not told otherwise', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  const page = await browser.load(`${origin}/oauth/signed-out`)

  t.match(page, { status: 302, location: '/oauth/' })
  t.equal((await me(browser)).status, 200)
})

t.test('the page after signing out tells of the provider that was signed in with', async (t) => {
  const parts = await startParts(t)
  const partner = { ...parts.yaml.providers.cognito, sign_out: 'local' }
  const routes = [{ name: 'tool', path: '/tool', upstream: parts.echo.url, sign_in: ['partner'] }]
  await startGateway(t, { ...parts.yaml, routes, providers: { ...parts.yaml.providers, partner } })
  await parts.control.client('1localexample', { callback_urls: [`${parts.origin}/oauth/callback/partner`] })
  const browser = createBrowser()
  await browser.signIn(`${parts.origin}/tool`)

  const signOut = async () => {
    const sending = { method: 'POST', headers: { origin: parts.origin }, form: {} } as const
    return browser.open((await browser.load(`${parts.origin}/oauth/sign-out`, sending)).location ?? '')
  }
  const page = await signOut()
  const again = await signOut()

  t.match(textOf(page.body), /Not ended.*Your session at Partner/)
  t.notMatch(textOf(page.body), 'Your session at Cognito')
  t.notMatch(textOf(again.body), 'Your session at', 'without a session no provider was asked to end one')
})

const textOf = (page: string) => page.replace(/\s*<[^>]*>\s*/g, ' ')

/** Matches the time so many milliseconds from now, to the minute. */
function after(ms: number): RegExp {
  const time = (offset: number) => new Date(Date.now() + clock.ahead + ms + offset).toISOString().slice(0, 16)
  return new RegExp(`^(${time(0)}|${time(-1000)}):`)
}
