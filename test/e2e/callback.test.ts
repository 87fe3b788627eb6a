import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Answer, createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const clock = { at: Date.now() }
const { origin, control, cognito } = await startStack(t, { now: () => clock.at })
const callback = `${origin}/oauth/callback`

/** A page with the code, a reference and a button, and nothing of what a program would want to know. */
function isHelpfulPage(t: Test, answer: Answer, status: number, code: string): void {
  t.equal(answer.status, status)
  t.match(answer.headers['content-type'], /^text\/html/)
  t.match(answer.headers['content-security-policy'], /default-src 'none'/)
  t.match(answer.body, `· ${code}</p>`)
  t.match(answer.body, /<a class="button primary" href="\/oauth\/(sign-in[^"]*)?">/, 'a way on')
  t.notMatch(answer.body, /\.[tj]s:\d|at \w+ \(|node_modules/, 'no stack')
}

async function tokenCalls(): Promise<number> {
  return (await control.log()).counts.token
}

const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString()

const answers: readonly [string, Record<string, string>, string][] = [
  ['an error', { error: 'access_denied' }, 'provider_refused'],
  [
    'an error and its description',
    { error: 'invalid_request', error_description: 'custom:team <script>alert(1)</script> is "wrong"' },
    'provider_refused',
  ],
  ['a code nobody issued', { code: 'abc' }, 'provider_refused'],
  ['a code of another issuer', { code: 'abc', iss: 'https://evil.example' }, 'provider_refused'],
  ['no code', {}, 'bad_request'],
]
for (const [name, parameters, code] of answers) {
  t.test(`${name}: a page that offers to try again at the same address`, async (t) => {
    const browser = createBrowser()
    const state = stateOf(await browser.open(`${origin}/tool?q=1`, toProvider))

    const page = await browser.load(`${callback}?${query({ ...parameters, state })}`)

    isHelpfulPage(t, page, 400, code)
    t.match(page.body, 'href="/oauth/sign-in?return_to=%2Ftool%3Fq%3D1"')
    t.notMatch(page.body, '<script>')
    t.equal((await browser.load(`${origin}/oauth/me`)).status, 302, 'nobody is signed in')
  })
}

t.test('what the provider said is on the page, escaped, folded away for the owner', async (t) => {
  const browser = createBrowser()
  const state = stateOf(await browser.open(`${origin}/tool`, toProvider))

  const page = await browser.load(`${callback}?${query({ error: 'x', error_description: '<i>Ada & Co</i>', state })}`)

  t.match(page.body, '&lt;i&gt;Ada &amp; Co&lt;/i&gt;')
})

t.test('a code of another client is refused', async (t) => {
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool`)
  const asked = new URL(`${cognito.domain}/oauth2/authorize`)
  asked.search = query({ response_type: 'code', client_id: '1localpublic', redirect_uri: callback, scope: 'openid' })
  const foreign = await browser.callbackOf(asked.href)

  const page = await browser.load(url.replace(/code=[^&]*/, `code=${new URL(foreign).searchParams.get('code')}`))

  isHelpfulPage(t, page, 400, 'provider_refused')
})

t.test('a code of another attempt of the same browser is refused', async (t) => {
  const browser = createBrowser()
  const first = await browser.callbackOf(`${origin}/tool`)
  const second = await browser.callbackOf(`${origin}/tool`)

  const page = await browser.load(first.replace(/code=[^&]*/, `code=${new URL(second).searchParams.get('code')}`))

  isHelpfulPage(t, page, 400, 'provider_refused')
})

t.test('a callback opened again by who is signed in leads on to its address', async (t) => {
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool?again=1`)
  await browser.open(url)
  const calls = await tokenCalls()

  const again = await browser.load(url)

  t.match(again, { status: 302, location: '/tool?again=1' })
  t.equal(await tokenCalls(), calls)
})

for (const when of ['before', 'after'] as const) {
  t.test(`a callback that was hung up on ${when} the code was exchanged, and loaded again, signs in`, async (t) => {
    const browser = createBrowser()
    const url = await browser.callbackOf(`${origin}/tool?hung-up=${when}`)
    const calls = await tokenCalls()
    const hangsUp = new AbortController()
    await control.fault({ endpoint: 'token', delay: '300ms', times: 1 })
    const cookie = [...browser.cookies(origin).values()].map(({ name, value }) => `${name}=${value}`).join('; ')

    const lost = fetch(url, { headers: { cookie }, redirect: 'manual', signal: hangsUp.signal })
    while (when === 'before' && (await tokenCalls()) === calls) await setTimeout(50)
    if (when === 'before') hangsUp.abort()
    await lost.catch(() => undefined)
    const page = await browser.open(url)

    t.match(page, { status: 200, url: `${origin}/tool?hung-up=${when}` })
    t.equal(await tokenCalls(), calls + 1)
    isHelpfulPage(t, await createBrowser().load(url), 400, 'attempt_unknown')
  })
}

t.test('a callback opened again by who is not signed in any more starts once more', async (t) => {
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool?again=2`)
  await browser.open(url)
  browser.cookies(origin).delete('toolgate')

  const page = await browser.open(url)

  t.match(page, { status: 200, url: `${origin}/tool?again=2` })
})

t.test('an attempt that took longer than ten minutes starts once more, then ends in a page', async (t) => {
  const browser = createBrowser()
  const late = await browser.callbackOf(`${origin}/tool?late=1`)
  const calls = await tokenCalls()
  clock.at += 10 * 60_000

  const again = await browser.load(late)
  const lateAgain = await browser.callbackOf(again.location ?? '')
  clock.at += 10 * 60_000
  const page = await browser.load(lateAgain)

  t.equal(again.status, 302)
  t.match(again.location, `${cognito.domain}/oauth2/authorize`)
  isHelpfulPage(t, page, 400, 'attempt_unknown')
  t.equal(await tokenCalls(), calls)
})

t.test('an error from the provider that comes late starts once more as well', async (t) => {
  const browser = createBrowser()
  const state = stateOf(await browser.open(`${origin}/tool`, toProvider))
  clock.at += 10 * 60_000

  const again = await browser.load(`${callback}?${query({ error: 'access_denied', state })}`)

  t.match(again.location, `${cognito.domain}/oauth2/authorize`)
})

t.test('while the provider does not answer, the callback is a page that tries again and then signs in', async (t) => {
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool?away=1`)
  await control.fault({ endpoint: 'token', status: 503, times: 2 })

  const page = await browser.load(url)
  const second = await browser.load(url)
  const third = await browser.open(url)

  for (const away of [page, second]) {
    isHelpfulPage(t, away, 503, 'provider_unavailable')
    t.match(away.body, /<meta http-equiv="refresh"/)
    t.ok(Number(away.headers['retry-after']) > 0)
  }
  t.match(third, { status: 200, url: `${origin}/tool?away=1` })
})

function toProvider(location: string): boolean {
  return location.startsWith(cognito.domain)
}

function stateOf({ location }: Answer): string {
  return new URL(location ?? '').searchParams.get('state') ?? ''
}

t.test('a code whose answer was lost is no dead end: once more from the start, and in', async (t) => {
  const { origin, control } = await startStack(t)
  const browser = createBrowser()
  const callback = await browser.callbackOf(`${origin}/tool`)
  await control.fault({ endpoint: 'token', truncate: true, times: 1 })

  const lost = await browser.load(callback)
  const again = await browser.open(callback)

  t.equal(lost.status, 503)
  t.equal(again.status, 200)
  t.match(again.url, `${origin}/tool`)
})
