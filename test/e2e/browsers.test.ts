import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import { closeOf, mustOpen, startSocketTool } from '../support/web-socket.ts'

type Browser = ReturnType<typeof createBrowser>

const clock = { ahead: 0 }
const tool = await startSocketTool(t)
const { origin, control } = await startStack(t, {
  now: () => Date.now() + clock.ahead,
  config: { routes: [{ name: 'socket', path: '/socket', upstream: tool.url }] },
})

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1'

async function signedIn(userAgent: string, username = 'ada'): Promise<Browser> {
  const browser = createBrowser()
  const callback = await browser.callbackOf(`${origin}/oauth/sign-in`, username)
  await browser.load(callback, { headers: { 'user-agent': userAgent } })
  return browser
}

const isSignedIn = async (browser: Browser) => (await browser.send(`${origin}/oauth/me`)).status === 200
const page = async (browser: Browser) => (await browser.load(`${origin}/oauth/connections`)).body

/** Names of the browsers, and for each but the own one where it is ended. */
function listed(body: string) {
  const section = body.slice(body.indexOf('id="browsers"'))
  const names = Array.from(section.matchAll(/<h3>(.*?)<\/h3>/g), ([, name]) => name)
  const ends = Array.from(section.matchAll(/action="(\/oauth\/sessions\/[^"]*)"/g), ([, path = '']) => path)
  return { names, ends }
}

/** Presses a button of our pages. */
const press = (browser: Browser, path: string, headers: Record<string, string> = { origin }) =>
  browser.send(origin + path, { method: 'POST', headers, form: {} })

t.test('people see their other browsers and end one; the others stay signed in', async (t) => {
  const [desk, phone, third] = [await signedIn(firefox), await signedIn(iphone), await signedIn('<b>curl</b>')]

  const { names, ends } = listed(await page(desk))
  t.strictSame(names, ['Firefox on Linux', 'A browser', 'Safari on iPhone'], 'this one, then the newest')
  t.equal(ends.length, 2, 'the own one is ended by signing out')
  t.notMatch(await page(desk), desk.cookies(origin).get('toolgate')?.value.split('.')[1], 'no session id on the page')

  t.match(await press(desk, ends[1] ?? ''), { status: 302, location: '/oauth/connections' })

  t.notOk(await isSignedIn(phone))
  t.ok(await isSignedIn(desk))
  t.ok(await isSignedIn(third))
  t.strictSame(listed(await page(desk)).names, ['Firefox on Linux', 'A browser'])
  t.equal((await press(desk, ends[1] ?? '')).status, 302, 'once more ends nothing more')
})

t.test('nobody ends a browser of somebody else, and no other site ends one', async (t) => {
  const [ada, phone, grace] = [await signedIn(firefox), await signedIn(iphone), await signedIn(firefox, 'grace')]
  const [end = ''] = listed(await page(ada)).ends

  await press(grace, end)
  t.equal((await press(ada, end, { origin: 'https://evil.example' })).status, 403)
  t.equal((await press(ada, end, {})).status, 403)
  t.equal((await ada.load(origin + end)).status, 404, 'a link ends nothing')
  t.equal((await press(ada, '/oauth/sessions/toolgate/end')).status, 400)

  t.ok(await isSignedIn(phone))
  t.strictSame(listed(await page(grace)).names, ['Firefox on Linux'])
})

t.test('the list says when a browser was used last', async (t) => {
  const [desk, phone] = [await signedIn(firefox, 'grace'), await signedIn(iphone, 'grace')]
  const used = async () => {
    const body = await page(desk)
    const card = body.slice(body.indexOf('Safari on iPhone'))
    return Date.parse(/Last used<\/dt><dd><time datetime="([^"]*)"/.exec(card)?.[1] ?? '')
  }
  const before = await used()
  clock.ahead += 2 * 3_600_000
  await control.clock('2h')

  t.ok(await isSignedIn(phone))

  t.ok((await used()) - before > 1.9 * 3_600_000)
})

t.test('what an ended browser has open ends within 5 seconds', async (t) => {
  const [desk, phone] = [await signedIn(firefox), await signedIn(iphone)]
  const cookie = phone.cookieHeader(origin)
  const socket = await mustOpen(t, `${origin}/socket`, { headers: { cookie }, origin })
  const closed = closeOf(socket)
  const at = performance.now()

  for (const end of listed(await page(desk)).ends) await press(desk, end)

  const [code] = await closed
  t.equal(code, 4401)
  t.ok(performance.now() - at < 5_000)
})
