import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const clock = { ahead: 0 }
const { origin, control } = await startStack(t, {
  now: () => Date.now() + clock.ahead,
  client: { rotation: { enabled: true, grace: '0s' } },
  provider: { timeout: '1s' },
})
const browser = createBrowser()
await browser.signIn(`${origin}/tool`)

/** Moves our clock and the provider's. */
async function advance(ms: number): Promise<void> {
  clock.ahead += ms
  await control.clock(`${clock.ahead}ms`)
}

const faults: readonly [string, Record<string, unknown>][] = [
  ['500', { status: 500 }],
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '20' } }],
  ['a redirect', { status: 302, headers: { location: '/oauth2/token' } }],
  ['invalid_client', { status: 400, body: { error: 'invalid_client' } }],
  ['a page instead of JSON', { status: 200, body: '<h1>Welcome</h1>' }],
  ['JSON without a token', { status: 200, body: {} }],
  ['more than 1 MB', { status: 200, body: { access_token: 'x', token_type: 'Bearer', more: 'x'.repeat(1_000_000) } }],
  ['no answer', { hang: true }],
]
for (const [name, fault] of faults) {
  t.test(`a refresh answered by ${name} signs nobody out: 503 until it is over`, async (t) => {
    await advance(2 * 3_600_000)
    await control.fault({ endpoint: 'token', ...fault })
    const session = browser.cookies(origin).get('toolgate')

    const page = await browser.load(`${origin}/tool`)
    const answer = await browser.send(`${origin}/tool`)
    await control.heal()
    await advance(60_000)

    t.equal(page.status, 503)
    t.match(page.body, '<meta http-equiv="refresh"')
    t.equal(answer.status, 503)
    t.equal(browser.cookies(origin).get('toolgate'), session, 'the cookie is left alone')
    t.ok(Number(answer.headers['retry-after']) > 0)
    t.match(JSON.parse(answer.body), { code: 'provider_unavailable' })
    t.equal((await browser.load(`${origin}/tool`)).status, 200)
  })
}

t.test('while the provider is away and the token is still good, requests are served', async (t) => {
  await advance(60 * 60_000 - 30_000)
  await control.fault({ endpoint: 'token', status: 500 })

  for (let i = 0; i < 5; i++) t.equal((await browser.load(`${origin}/tool`)).status, 200)
  await control.heal()
})

t.test(
  'a reply that is cut off costs nobody the session: within the grace period the token is sent again',
  async (t) => {
    await control.client('1localexample', { rotation: { enabled: true, grace: '60s' } })
    await advance(2 * 3_600_000)
    await control.fault({ endpoint: 'token', truncate: true, times: 1 })
    const { token: before } = (await control.log()).counts

    const cut = await browser.load(`${origin}/tool`)
    await advance(2_000)
    const again = await browser.load(`${origin}/tool`)

    t.match([cut.status, again.status], [503, 200])
    t.equal((await control.log()).counts.token, before + 2)
  },
)

t.test(
  'while the keys cannot be had, new tokens serve with the claims as they were, which are verified later',
  async (t) => {
    await advance(2 * 3_600_000)
    await control.rotateKeys(false)
    await control.fault({ endpoint: 'jwks', status: 503 })
    const { token: before } = (await control.log()).counts

    t.equal((await browser.load(`${origin}/analysts`)).status, 200)
    await advance(5_000)
    await browser.load(`${origin}/analysts`)
    await control.heal()
    await advance(5_000)
    const { jwks } = (await control.log()).counts
    while ((await control.log()).counts.jwks === jwks) await browser.load(`${origin}/analysts`)

    t.equal((await browser.load(`${origin}/analysts`)).status, 200)
    t.equal((await control.log()).counts.token, before + 1, 'without another call for tokens')
  },
)

t.test('who wants to leave need not wait for the provider', async (t) => {
  await advance(2 * 3_600_000)
  await control.fault({ endpoint: 'token', status: 500 })

  const page = await browser.load(`${origin}/oauth/sign-out`)
  await control.heal()
  await advance(60_000)

  t.equal(page.status, 200)
  t.match(page.body, 'ada@example.com')
})

t.test('invalid_grant ends the sign-in: to the provider and back, for a program 401', async (t) => {
  await advance(2 * 3_600_000)
  await control.fault({ endpoint: 'token', status: 400, body: { error: 'invalid_grant' }, times: 1 })

  t.match(await browser.load(`${origin}/tool`), { status: 302, location: '/oauth/sign-in?return_to=%2Ftool' })
  t.match(JSON.parse((await browser.send(`${origin}/tool`)).body), { status: 401, code: 'session_ended' })
  t.equal((await browser.signIn(`${origin}/tool`)).status, 200)
})
