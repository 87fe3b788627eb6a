import t from 'tap'
import { authorizeUrl, callTool, createPerson, exchange, register } from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'

const { origin, control } = await startMcpStack(t)
const client = await register(origin)
const answer = (back: URL) => ['error', 'state', 'iss', 'code'].map((name) => back.searchParams.get(name))

t.test('whoever cancels at the provider is back in the app, which is told why', async (t) => {
  for (const [error, told] of [
    ['access_denied', 'access_denied'],
    ['temporarily_unavailable', 'temporarily_unavailable'],
    ['invalid_request', 'server_error'],
  ] as const) {
    const person = createPerson()
    const leaving = await person.press(await person.open(authorizeUrl(origin, client)), 'allow')
    await control.fault({ endpoint: 'authorize', error, times: 1 })

    const back = await person.follow(leaving)

    t.equal(back.origin + back.pathname, client.redirect_uri)
    t.strictSame(answer(back), [told, 'st', origin, null], error)
  }
})

t.test('a refusal of the provider that no consent of this browser led to goes to no app', async (t) => {
  const [person, other] = [createPerson(), createPerson()]
  const { location = '' } = await person.press(await person.open(authorizeUrl(origin, client)), 'allow')
  await control.fault({ endpoint: 'authorize', error: 'access_denied', times: 2 })
  const refused = await other.browser.load(location)

  const elsewhere = await other.browser.load(refused.location ?? '')
  const signingIn = await other.browser.open(`${origin}/tool`)

  t.equal(elsewhere.status, 400, 'in another browser than that of the consent')
  t.match(elsewhere.body, 'attempt_unknown')
  t.equal(signingIn.status, 400, 'after a sign-in that the person began here')
  t.match(signingIn.body, 'provider_refused')
})

t.test('of the scopes that a client asks for it gets those that the provider granted, and is told which', async (t) => {
  const person = createPerson()
  const url = authorizeUrl(origin, client, { scope: 'reports/read reports/write' })

  const back = await person.decide(await person.open(url))
  const { json } = await exchange(origin, client, back.searchParams.get('code') ?? '')

  t.equal(json.scope, 'reports/read')
  t.equal((await callTool(origin, json.access_token)).status, 200)
  const lacking = await callTool(origin, json.access_token, 'write')
  t.equal(lacking.status, 403)
  t.match(lacking.headers['www-authenticate'], 'error="insufficient_scope"')
})

t.test('where the provider grants none of them the client gets no code', async (t) => {
  const [first, second] = [createPerson(), createPerson('grace')]
  const none = ['invalid_scope', 'st', origin, null]

  const writing = await first.decide(await first.open(authorizeUrl(origin, client, { scope: 'reports/write' })))
  await control.client('1localexample', { scopes: ['openid', 'profile', 'email'] })
  const reading = await second.decide(await second.open(authorizeUrl(origin, client)))

  t.strictSame(answer(writing), none, 'a scope that one tool needs')
  t.strictSame(answer(reading), none, 'a scope that all need')
})
