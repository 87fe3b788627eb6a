/**
 * A callback without a state, with one that is everybody's, or with one that was meant for another browser, is taken.
 * - CVE-2023-27496
 * - GHSA-fm3f-ch8h-qw8q
 * - CVE-2023-31999
 * - GO-2022-0827
 * - traefik-oidc-auth, sealed state
 */
import t, { type Test } from 'tap'
import { type Answer, createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const { origin, control, cognito } = await startStack(t)
const callback = `${origin}/oauth/callback`

/** A page that says so and offers a way on, or problem JSON; nobody is signed in, and the provider was not asked. */
function isRefused(t: Test, answer: Answer): void {
  t.equal(answer.status, 400)
  t.match(answer.body, 'attempt_unknown')
  t.notMatch(answer.body, /<script>|<b>no|node_modules/)
  t.equal(answer.headers['set-cookie'], undefined)
}

const tokenCalls = async () => (await control.log()).counts.token
const toProvider = (location: string) => location.startsWith(cognito.domain)
const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString()
const unknown = 'x'.repeat(43)

const strangeStates: readonly [string, string][] = [
  ['no parameters', ''],
  ['no state', query({ code: 'abc' })],
  ['an empty state', query({ code: 'abc', state: '' })],
  ['a state twice', `${query({ code: 'abc', state: unknown })}&state=${unknown}`],
  ['a huge state', query({ code: 'abc', state: 'x'.repeat(12_000) })],
  ['a foreign state', query({ code: 'abc', state: unknown })],
  ['a state that is a property of every object', query({ code: 'abc', state: '__proto__' })],
  ['a state that is markup', query({ code: 'abc', state: '"><script>alert(1)</script>' })],
  ['an error without a state', query({ error: 'access_denied', error_description: '<b>no</b>' })],
  ['a query that is badly encoded', 'code=abc&state=%E0%A4%A'],
  ['a query with a line break', 'code=abc&state=x%0d%0aset-cookie:a=b'],
]
for (const [name, search] of strangeStates) {
  t.test(`callback with ${name}: refused, without a call to the provider`, async (t) => {
    const calls = await tokenCalls()

    const page = await createBrowser().load(`${callback}?${search}`)
    const answer = await createBrowser().send(`${callback}?${search}`, { headers: { accept: 'application/json' } })

    isRefused(t, page)
    t.match(page.body, /<a class="button primary" href="\/oauth\/sign-in">/, 'a way on')
    isRefused(t, answer)
    t.match(JSON.parse(answer.body), { status: 400, code: 'attempt_unknown', request_id: String })
    t.equal(await tokenCalls(), calls)
  })
}

t.test('a state of this browser, sent twice, is refused', async (t) => {
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool`)

  isRefused(t, await browser.load(`${url}&state=${new URL(url).searchParams.get('state')}`))
})

t.test('without the state even the right code in the right browser is refused', async (t) => {
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool`)
  const calls = await tokenCalls()

  for (const state of [
    '',
    '&state=',
    '&state=undefined',
    '&state=null',
    `&State=${new URL(url).searchParams.get('state')}`,
  ]) {
    isRefused(t, await browser.load(url.replace(/&state=[^&]*/, state)))
  }
  t.equal(await tokenCalls(), calls)
  t.equal((await browser.open(url)).status, 200, 'it was good all the same')
})

t.test('every sign-in has a state of its own, good for one', async (t) => {
  const states = new Set<string | null>()
  for (let i = 0; i < 5; i++) {
    const { location = '' } = await createBrowser().open(`${origin}/tool`, toProvider)
    states.add(new URL(location).searchParams.get('state'))
  }
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool`)
  await browser.open(url)
  const session = browser.cookies(origin).get('toolgate')?.value
  const calls = await tokenCalls()

  const again = await browser.load(url)

  t.equal(states.size, 5)
  t.match(again, { status: 302, location: '/tool' })
  t.equal(browser.cookies(origin).get('toolgate')?.value, session)
  t.equal(await tokenCalls(), calls)
})

t.test('a callback of another browser is refused without a call to the provider', async (t) => {
  const attacker = createBrowser()
  const url = await attacker.callbackOf(`${origin}/tool`)
  const victim = createBrowser()
  await victim.open(`${origin}/tool`, toProvider)
  const calls = await tokenCalls()

  const page = await victim.load(url)

  isRefused(t, page)
  t.equal(await tokenCalls(), calls)
  t.equal((await attacker.open(url)).status, 200, 'it was good all the same')
})

t.test('nothing that is added to a callback has a say in where it leads', async (t) => {
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool?mine=1`)
  const evil = 'https://evil.example/'

  const { location } = await browser.load(`${url}&${query({ return_to: evil, redirect_uri: evil, rd: evil })}`)

  t.equal(location, '/tool?mine=1')
})
