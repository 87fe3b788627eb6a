import t from 'tap'
import { authorizeUrl, createPerson, register } from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'

const lines: string[] = []
const { origin } = await startMcpStack(t, {
  log: (line) => lines.push(line),
  route: { allow: { groups: ['analysts'], clients: ['known'] } },
  config: {
    mcp: { clients: [{ client_id: 'known', client_name: 'Known', redirect_uris: ['https://known.test/cb'] }] },
  },
})
const client = { client_id: 'known', redirect_uri: 'https://known.test/cb' }
const events = (name: string) =>
  lines.filter((line) => line.includes(`"audit":"${name}"`)).map((line) => JSON.parse(line))

t.test('somebody whom the route does not let in is told so before they are asked, and there is no grant', async (t) => {
  const before = createPerson('grace')
  await before.browser.signIn(`${origin}/tool`, 'grace')
  const after = createPerson('grace')

  const asked = await before.open(authorizeUrl(origin, client))
  const silent = await before.open(authorizeUrl(origin, client, { prompt: 'none' }))
  const leaving = await after.press(await after.open(authorizeUrl(origin, client)), 'allow')
  const signedIn = await after.browser.submitSignIn(await after.browser.open(leaving.location ?? ''), 'grace')

  for (const page of [asked, signedIn]) {
    t.equal(page.status, 403)
    t.match(page.body, 'grace@example.com', 'who they are')
    t.match(page.body, 'access_denied')
    t.match(page.body, '/oauth/sign-out', 'another account may be let in')
  }
  t.equal(new URL(silent.location ?? '').searchParams.get('error'), 'access_denied')
  t.strictSame(events('consent_granted'), [])
  t.match(events('access_denied').at(-1), { user: /^cognito:/, route: 'notes', client_id: 'known' })
})

t.test('a client that the route does not let in is told so, whoever the user is', async (t) => {
  const { location } = await createPerson().open(authorizeUrl(origin, await register(origin)))

  t.equal(new URL(location ?? '').searchParams.get('error'), 'unauthorized_client')
})
