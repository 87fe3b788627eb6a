import t from 'tap'
import { createBrowser } from '../../support/browser.ts'
import {
  answerTo,
  authorizeUrl,
  callTool,
  connect,
  createPerson,
  exchange,
  post,
  refresh,
  register,
} from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'

const lines: string[] = []
const { origin, echo, control } = await startMcpStack(t, { log: (line) => lines.push(line) })
const client = await register(origin)
const events = (name: string) =>
  lines.filter((line) => line.includes(`"audit":"${name}"`)).map((line) => JSON.parse(line))
const call = (token: string) => callTool(origin, token)

/** Presses Allow with other facts than the page's. */
function press(browser: ReturnType<typeof createBrowser>, url: string, form: Record<string, string>, headers = {}) {
  return browser.load(url, { method: 'POST', form, headers: { origin, 'sec-fetch-site': 'same-origin', ...headers } })
}

t.test('the page says who asks, for what, as whom and where the answer goes', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)

  const page = await browser.load(authorizeUrl(origin, client))

  t.equal(page.status, 200)
  for (const text of ['An app', 'Name not verified', 'Notes', 'ada@example.com', 'app.test', 'reports/read', 'Deny']) {
    t.match(page.body, text)
  }
  t.notMatch(page.body, 'An app on this device')
  const policy = String(page.headers['content-security-policy'])
  t.notMatch(policy, 'form-action', 'Chromium applies it to the redirects after the form')
  t.match(policy, "frame-ancestors 'none'")
  t.equal(page.headers['cache-control'], 'no-store')
})

t.test('a web client is allowed once: then it gets its code without a question, until access is ended', async (t) => {
  const person = createPerson()
  await connect(origin, client, person)

  const second = await person.open(authorizeUrl(origin, client))
  const otherScopes = await person.open(authorizeUrl(origin, client, { scope: 'reports/read reports/write' }))
  t.match(second.location, /^https:\/\/app\.test\/callback\?code=/)
  t.match(otherScopes.body, 'reports/write', 'more than was allowed is asked')

  const { body } = await person.browser.load(`${origin}/oauth/connections`)
  const ends = Array.from(body.matchAll(/action="(\/oauth\/grants\/[^"]*)"/g), ([, path = '']) => path)
  t.equal(ends.length, 1, 'the one whose code was used')
  for (const path of ends) t.equal((await press(person.browser, origin + path, {})).status, 302)
  await connectionsEnded(person)

  async function connectionsEnded({ browser }: typeof person) {
    t.notMatch((await browser.load(`${origin}/oauth/connections`)).body, '/oauth/grants/')
  }
})

t.test('apps on the person’s own device are asked about each time', async (t) => {
  const person = createPerson()
  const uris = { loopback: 'http://127.0.0.1/callback', private_use: 'cursor://anysphere.cursor-mcp/oauth/callback' }
  for (const [kind, uri] of Object.entries(uris)) {
    const local = await register(origin, { redirect_uris: [uri] })
    const first = await person.open(authorizeUrl(origin, local))
    const back = await person.decide(first)
    await exchange(origin, local, back.searchParams.get('code') ?? '')

    const again = await person.open(authorizeUrl(origin, local))

    t.match(first.body, 'An app on this device', kind)
    t.equal(again.status, 200, kind)
    t.ok(back.href.startsWith(uri), kind)
  }
})

t.test('a loopback address may come with any port, and the code goes to that very one', async (t) => {
  const local = await register(origin, { redirect_uris: ['http://127.0.0.1/callback'] })
  const redirect_uri = 'http://127.0.0.1:51234/callback'
  const person = createPerson()

  const back = await person.decide(await person.open(authorizeUrl(origin, local, { redirect_uri })))
  const code = back.searchParams.get('code') ?? ''

  t.equal(back.origin + back.pathname, redirect_uri)
  t.equal((await exchange(origin, local, code)).json.error, 'invalid_grant', 'at the token endpoint to the letter')
  t.equal((await exchange(origin, local, code, { redirect_uri })).status, 200, 'which did not spend the code')
})

t.test('no is told to the client, and nobody has to sign in for it', async (t) => {
  const person = createPerson()

  const back = await person.decide(await person.open(authorizeUrl(origin, client)), 'deny')

  t.strictSame(
    ['error', 'state', 'iss', 'code'].map((name) => back.searchParams.get(name)),
    ['access_denied', 'st', origin, null],
  )
})

t.test('a consent that an attacker gave, or prepared, is of no use in the browser of a victim', async (t) => {
  const [attacker, victim] = [createPerson('grace'), createPerson()]
  await victim.browser.signIn(`${origin}/tool`)
  const page = await attacker.open(authorizeUrl(origin, client))
  const { url, form } = answerTo(page, 'allow')

  const handedOver = await press(victim.browser, url, form)
  t.equal(new URL(handedOver.location ?? '', origin).pathname, '/oauth/authorize', 'the victim is asked')

  const approved = await press(attacker.browser, url, form)
  t.match(approved.location, '/oauth2/authorize', 'to the provider')
  const atProvider = createPerson().browser
  const callback = await atProvider.open(approved.location ?? '', (to) => to.includes('/oauth/callback'))
  const login = callback.location === undefined ? await atProvider.submitSignIn(callback, 'ada') : callback
  t.equal(login.status, 400, 'whoever comes back in another browser than left')
  t.match(login.body, 'attempt_unknown')
  t.equal(
    (await press(victim.browser, url, form, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' })).status,
    403,
  )
})

t.test('a browser that keeps no cookies is told so, not asked for ever', async (t) => {
  const { url, form } = answerTo(await createBrowser().load(authorizeUrl(origin, client)), 'allow')

  const answer = await press(createBrowser(), url, form)

  t.equal(answer.status, 400)
  t.match(answer.body, 'this browser keeps no cookies')
})

t.test('what was shown to one account counts for no other', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  const { url, form } = answerTo(await browser.load(authorizeUrl(origin, await register(origin))), 'allow')
  browser.cookies(origin).delete('toolgate')
  browser.cookies('http://127.0.0.1').clear()
  await browser.signIn(`${origin}/tool`, 'grace')

  const next = await press(browser, url, form)

  t.equal(new URL(next.location ?? '', origin).pathname, '/oauth/authorize')
})

t.test('somebody who signs in as another than was asked is asked again', async (t) => {
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  const writing = await register(origin, { redirect_uris: ['https://writer.test/callback'] })
  const url = authorizeUrl(origin, writing, { scope: 'reports/read reports/write' })
  await control.client('1localexample', { scopes: ['openid', 'profile', 'email', 'reports/read', 'reports/write'] })
  const page = await browser.load(url)
  const { url: action, form } = answerTo(page, 'allow')

  const leaving = await press(browser, action, form)
  t.match(leaving.location, 'reports%2Fwrite', 'the provider is asked for what the tokens lack')
  browser.cookies('http://127.0.0.1').clear()
  const login = await browser.open(leaving.location ?? '', (to) => to.includes('/oauth/callback'))
  const back = login.location === undefined ? await browser.submitSignIn(login, 'grace') : login

  t.match(back.url, '/oauth/authorize')
  t.match(back.body, 'grace@example.com')
})

t.test('the end of a grant is the end of its tokens, whoever ended it', async (t) => {
  const [byUser, byClient, everywhere] = [createPerson(), createPerson('grace'), createPerson()]
  const first = await connect(origin, client, byUser)
  const second = await connect(origin, client, byClient)
  t.equal((await call(first.access_token)).status, 200)
  t.equal((await call(second.access_token)).status, 200)

  const revoked = await post(`${origin}/oauth/revoke`, { token: second.access_token, client_id: client.client_id })
  t.equal(revoked.status, 200)
  t.equal((await call(second.access_token)).status, 401)
  t.equal((await refresh(origin, client, second.refresh_token)).json.error, 'invalid_grant')
  t.equal((await post(`${origin}/oauth/revoke`, { token: 'unknown', client_id: client.client_id })).status, 200)

  await everywhere.browser.signIn(`${origin}/tool`)
  await press(everywhere.browser, `${origin}/oauth/sign-out`, { everywhere: 'true' })
  t.equal((await call(first.access_token)).status, 401)
  t.equal((await refresh(origin, client, first.refresh_token)).json.error, 'invalid_grant')
})

t.test('the audit log has each step, without a token in it', async (t) => {
  const person = createPerson()
  const tokens = await connect(origin, client, person)
  await refresh(origin, client, tokens.refresh_token)
  await post(`${origin}/oauth/revoke`, { token: tokens.refresh_token, client_id: client.client_id })

  t.match(events('client_registered')[0], { client_id: client.client_id, client_name: 'An app' })
  t.match(events('consent_granted').at(-1), { user: /^cognito:/, client_name: 'An app', resource: `${origin}/mcp` })
  t.match(events('grant_ended').at(-1), { user: /^cognito:/, reason: 'revoked by the client' })
  const secrets = [tokens.access_token, tokens.refresh_token].map((token) => token.split('.').at(-1) ?? '')
  for (const secret of secrets) t.notOk(lines.some((line) => line.includes(secret)))
  t.ok(echo.received.length > 0)
})
