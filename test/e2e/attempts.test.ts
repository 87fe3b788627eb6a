import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const clock = { at: Date.now() }
const { origin } = await startStack(t, { now: () => clock.at })
const secure = await startStack(t, {
  config: { public_url: 'https://localhost', sessions: { cookie: 'gate' } },
  client: { callback_urls: ['https://localhost/oauth/callback'] },
})

const attemptNames = (browser: ReturnType<typeof createBrowser>) =>
  [...browser.cookies(origin).keys()].filter((name) => name.startsWith('toolgate.a.'))

t.test('a browser keeps at most five attempts, and the oldest goes', async (t) => {
  const browser = createBrowser()
  await browser.load(`${origin}/oauth/sign-in`)
  const [oldest] = attemptNames(browser)

  for (let i = 0; i < 4; i++) {
    clock.at += 1000
    await browser.load(`${origin}/oauth/sign-in`)
  }
  t.ok(attemptNames(browser).includes(oldest ?? ''))
  clock.at += 1000
  await browser.load(`${origin}/oauth/sign-in`)

  t.equal(attemptNames(browser).length, 5)
  t.notOk(attemptNames(browser).includes(oldest ?? ''))
})

t.test('every one of five attempts can be finished, in any order', async (t) => {
  const browser = createBrowser()
  const callbacks: string[] = []
  for (let i = 0; i < 5; i++) callbacks.push(await browser.callbackOf(`${origin}/tool?tab=${i}`))

  for (const url of callbacks.toReversed()) t.equal((await browser.open(url)).status, 200)
  t.strictSame(attemptNames(browser), [])
})

t.test('on http the cookies are HttpOnly, Lax and for the whole host', async (t) => {
  const browser = createBrowser()
  const attempt = await browser.load(`${origin}/oauth/sign-in`)
  const done = await browser.load(await browser.callbackOf(`${origin}/tool`))

  for (const line of [attempt, done].flatMap(({ headers }) => headers['set-cookie'] ?? [])) {
    t.match(line, /^toolgate(\.(a\.[\w-]{43}|u))?=/)
    t.match(line, /; Path=\/; HttpOnly; SameSite=Lax$/)
  }
})

t.test('on https they are Secure too, and __Host- keeps them from other hosts', async (t) => {
  const { port } = new URL(secure.origin)
  const { headers } = await createBrowser().send(`http://127.0.0.1:${port}/oauth/sign-in`, {
    headers: { host: 'localhost' },
  })

  t.match([headers['set-cookie']].flat()[0], /^__Host-gate\.a\.[\w-]{43}=/)
  t.match([headers['set-cookie']].flat()[0], /; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
})

t.test('a sealed attempt tells nothing of its address', async (t) => {
  const browser = createBrowser()
  await browser.load(`${origin}/oauth/sign-in?return_to=/tool?secret-of-ada`)

  for (const { value } of browser.cookies(origin).values()) {
    t.notMatch(Buffer.from(value, 'base64url').toString('latin1'), 'secret-of-ada')
  }
})

t.test('an attempt under the name of another is refused', async (t) => {
  const browser = createBrowser()
  const url = await browser.callbackOf(`${origin}/tool`)
  const [name = ''] = attemptNames(browser)
  const forged = `toolgate.a.${'x'.repeat(43)}`
  browser.cookies(origin).set(forged, { name: forged, value: browser.cookies(origin).get(name)?.value ?? '' })

  const page = await browser.load(url.replace(/state=[^&]*/, `state=${'x'.repeat(43)}`))

  t.equal(page.status, 400)
})

t.test('an address with a query of 2,000 characters is come back to', async (t) => {
  const url = `${origin}/tool?q=${'x'.repeat(2000)}`
  const browser = createBrowser()

  const page = await browser.signIn(url)

  t.match(page, { status: 200, url })
})

t.test('from an address too long for a cookie a person comes to the home page, signed in', async (t) => {
  const page = await createBrowser().signIn(`${origin}/tool?q=${'x'.repeat(3000)}`)

  t.match(page, { status: 200, url: `${origin}/oauth/` })
  t.match(page.body, 'ada@example.com')
})

t.test('no cookie is larger than browsers take, and all of them fit into one request', async (t) => {
  const browser = createBrowser()
  const sizes = () => [...browser.cookies(origin).values()].map(({ name, value }) => name.length + value.length)
  const long = (i: number) => `${origin}/tool?q=${i}${'x'.repeat(2030)}`
  for (let i = 0; i < 8; i++) await browser.signIn(long(i))
  browser.cookies(origin).delete('toolgate')

  for (let i = 0; i < 6; i++) await browser.load(`${origin}/oauth/sign-in?return_to=${encodeURIComponent(long(i))}`)

  t.ok(Math.max(...sizes()) <= 4096, `${sizes()}`)
  t.ok(sizes().reduce((sum, size) => sum + size) < 8000, `${sizes()}`)
  t.equal((await browser.load(`${origin}/oauth/`)).status, 200)
})

t.test('three completed round trips to one address within a minute stop with a page that says why', async (t) => {
  const browser = createBrowser()
  const trip = async () => browser.load(await browser.callbackOf(`${origin}/oauth/sign-in?return_to=/tool?loop`))
  t.equal((await trip()).location, '/tool?loop')
  t.equal((await trip()).location, '/tool?loop')

  const page = await trip()

  t.match(page, { status: 400, headers: { 'content-type': /html/ } })
  t.match(page.body, 'sign_in_loop')
  t.match(page.body, 'href="/oauth/sign-in?return_to=%2Ftool%3Floop"')
  t.equal(
    (await browser.load(await browser.callbackOf(`${origin}/oauth/sign-in?return_to=/tool?b`))).location,
    '/tool?b',
  )
  clock.at += 60_000
  t.equal((await trip()).location, '/tool?loop', 'after a minute it is not a loop')
})

t.test('who signs out and in again and again is in no loop', async (t) => {
  const browser = createBrowser()

  for (let i = 0; i < 5; i++) {
    t.equal((await browser.signIn(`${origin}/tool?out`)).status, 200)
    await browser.send(`${origin}/oauth/sign-out`, { method: 'POST', headers: { origin }, form: {} })
  }
})

t.test('a browser that loses its session cookie is stopped as well', async (t) => {
  const browser = createBrowser()
  const trip = async () => {
    browser.cookies(origin).delete('toolgate')
    return browser.load(await browser.callbackOf(`${origin}/tool?lost`))
  }
  await trip()
  await trip()

  t.match((await trip()).body, 'sign_in_loop')
})
