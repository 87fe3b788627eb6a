import t from 'tap'
import { freePort } from '../support/free-port.ts'
import { createHostBrowser, startHosts } from '../support/hosts.ts'
import { passOidcProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { sendRaw } from '../support/raw.ts'
import { startGateway } from '../support/stack.ts'

const parts = await startHosts(t)
const { origin, reports, echo, control } = parts
const crm = await startOidcProvider(t, { origin, callback: '/callback/crm' })
const host = 'reports.localhost'
const forward_auth = { host: '127.0.0.1', port: await freePort() }
await startGateway(t, {
  ...parts.yaml,
  log: { level: 'fatal' },
  providers: { ...parts.yaml.providers, crm: crm.config },
  forward_auth,
  trusted_proxies: ['127.0.0.1/32'],
  routes: [
    ...parts.yaml.routes,
    { name: 'scoped', host, path: '/scoped', upstream: echo.url, scopes: ['reports/read'] },
    { name: 'refused', title: 'Refused', host, path: '/refused', upstream: echo.url, scopes: ['none/such'] },
    { name: 'contacts', title: 'Contacts', host, path: '/contacts', upstream: echo.url, provider: 'crm' },
    { name: 'either', title: 'Either', host, path: '/either', upstream: echo.url, sign_in: ['cognito', 'crm'] },
    { name: 'theirs', host, path: '/theirs', upstream: echo.url, sign_in: ['crm'] },
    { name: 'front', host, path: '/front', forward_auth: true },
    { name: 'front-scoped', host, path: '/front-scoped', forward_auth: true, scopes: ['reports/read'] },
  ],
})

const bearer = () => echo.received.at(-1)?.headers.authorization

async function signedIn(username = 'ada') {
  const browser = createHostBrowser()
  await browser.signIn(`${reports}/tool`, username)
  return browser
}

t.test('a tool on another host that needs more scopes gets them, by way of public_url', async (t) => {
  const browser = await signedIn()
  const before = bearer()

  const page = await browser.open(`${reports}/scoped/2026?q=1`)

  t.match(page, { status: 200, url: `${reports}/scoped/2026?q=1` })
  t.not(bearer(), before)
  t.equal((await browser.load(`${reports}/scoped`)).status, 200, 'once is enough')
})

t.test('scopes that the provider refused are not asked for again: a page names them', async (t) => {
  const browser = await signedIn('grace')

  const page = await browser.open(`${reports}/refused`)
  const { counts } = await control.log()
  const again = await browser.open(`${reports}/refused`)

  for (const answer of [page, again]) {
    t.match(answer, { status: 403, url: `${reports}/refused` })
    t.match(answer.body, 'none/such')
  }
  t.strictSame((await control.log()).counts, counts)
})

t.test('a tool on another host that needs a connection gets it, and the person is back there', async (t) => {
  const browser = await signedIn()
  const missing = await browser.load(`${reports}/contacts/1`)
  const [, action = ''] = /<form[^>]*action="([^"]*connect[^"]*)"/.exec(missing.body) ?? []
  const press = (page: { url: string }, href: string) =>
    browser.load(new URL(href.replaceAll('&amp;', '&'), page.url).href, {
      method: 'POST',
      form: {},
      headers: { origin: new URL(page.url).origin, 'sec-fetch-site': 'same-origin' },
    })

  const list = await browser.open((await press(missing, action)).location ?? '')
  const [, connect = ''] = /action="([^"]*\/crm\/connect[^"]*)"/.exec(list.body) ?? []
  const leaving = await press(list, connect)
  const back = await passOidcProvider(browser, await browser.open(leaving.location ?? ''), 'ada')

  t.equal(missing.status, 403)
  t.match(list.url, `${origin}/oauth/connections?return_to=`)
  t.match(back, { status: 200, url: `${reports}/contacts/1` })
  const evil = await browser.open(`${origin}/oauth/connections?return_to=https://evil.example/`)
  t.notMatch(evil.body, 'evil')
})

t.test('where several providers will do the person chooses, and comes back to the host', async (t) => {
  const browser = createHostBrowser()

  const choice = await browser.open(`${reports}/either`)
  const [, cognito = ''] = /href="([^"]*provider=cognito[^"]*)"/.exec(choice.body) ?? []
  const href = new URL(cognito.replaceAll('&amp;', '&'), choice.url).href
  const page = await browser.submitSignIn(await browser.open(href), 'ada')
  const theirs = await browser.open(`${reports}/theirs`)

  t.match(choice.url, `${origin}/oauth/sign-in`)
  t.match(choice.body, `Either`)
  t.match(page, { status: 200, url: `${reports}/either` })
  t.match(theirs.url, crm.issuer, 'a session of another provider will not do')
})

t.test('a front proxy is told the sign-in of the host it asks about, which leads back', async (t) => {
  const ask = (path: string, cookie: string, target = '/oauth/auth?unauthenticated=redirect') =>
    sendRaw(`http://127.0.0.1:${forward_auth.port}`, [
      `GET ${target} HTTP/1.1`,
      `Host: auth`,
      ...['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'X-Forwarded-Method: GET'],
      ...[`X-Forwarded-Host: ${new URL(reports).host}`, `X-Forwarded-Uri: ${path}`],
      `Cookie: ${cookie}`,
    ])
  const browser = createHostBrowser()
  const signIn = `${reports}/oauth/sign-in?return_to=${encodeURIComponent('/front/a?b')}`

  const asked = await ask('/front/a?b', '')
  const nginx = await ask('/front/a?b', '', '/oauth/auth')
  const back = await browser
    .open(signIn, (location) => location.startsWith(`${reports}/front`))
    .then(async (page) => browser.submitSignIn(page, 'grace', undefined, (to) => to.startsWith(`${reports}/front`)))
  const passed = await ask('/front/a?b', browser.cookieHeader(reports))
  const scoped = await ask('/front-scoped', browser.cookieHeader(reports))
  const foreign = await ask('/front/a?b', browser.cookieHeader(origin))

  const told = ({ status, headers }: typeof asked) => [status, headers.get('location')?.[0]]
  t.strictSame(told(asked), [302, signIn])
  t.strictSame(told(nginx), [401, signIn])
  t.equal(back.location, '/front/a?b')
  t.equal(passed.status, 200)
  t.strictSame(told(scoped), [302, `${reports}/oauth/sign-in?return_to=%2Ffront-scoped`])
  t.equal(foreign.status, 302)
})

t.test('a script and a page are told of the host they are at', async (t) => {
  const browser = createHostBrowser()
  const nobody = await browser.send(`${reports}/oauth/me`)
  const me = await (await signedIn()).send(`${reports}/oauth/me`)
  const ada = await signedIn()
  const home = await ada.open(`${reports}/oauth/`)

  t.match(JSON.parse(nobody.body), { code: 'sign_in_required', sign_in_url: `${reports}/oauth/sign-in` })
  t.match(JSON.parse(me.body), { user: /^cognito:/, email: 'ada@example.com' })
  t.equal(home.url, `${origin}/oauth/`)
  t.match(home.body, `href="${reports}/contacts/"`)
  t.match(home.body, 'href="/tool/"')
  t.equal((await ada.send(`${reports}/tool`, { headers: { origin, 'sec-fetch-site': 'same-site' } })).status, 401)
  const crossing = { method: 'POST', headers: { origin, 'sec-fetch-site': 'same-site' } } as const
  t.equal((await ada.send(`${reports}/tool`, crossing)).status, 403, 'hosts of ours are of different origins')
  t.equal((await ada.send(`${reports}/oauth/sign-out`, crossing)).status, 403)
})
