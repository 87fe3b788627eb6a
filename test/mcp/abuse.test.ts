// What attackers try on the way between a client, its user and the provider, with what it leaves in the audit log.
import t from 'tap'
import { isPublicAddress } from '../../src/adapters/public-addresses.ts'
import { certificate } from '../support/certificates.ts'
import { authorizeUrl, createPerson, refresh, register } from '../support/mcp-client.ts'
import { startMcpStack } from '../support/mcp-stack.ts'
import { startTool } from '../support/tool.ts'

type Event = Readonly<Record<string, string>>

const events: Event[] = []
const tls = { key: certificate('server.key'), cert: certificate('server.pem') }
let asked = 0
const inside = await startTool(t, (_, response) => response.end('{}'), tls)
inside.server.on('connection', () => asked++)
/** What the names lead to that an attacker's name server knows. */
const names: Readonly<Record<string, readonly string[]>> = {
  'inside.test': ['127.0.0.1'],
  'both.test': ['93.184.215.14', '10.0.0.1'],
  'cloud.test': ['169.254.169.254'],
  'mapped.test': ['::ffff:127.0.0.1'],
}
const { origin } = await startMcpStack(t, {
  internet: {
    resolve: async (name) => names[name] ?? [],
    isPublic: isPublicAddress,
    ca: certificate('ca.pem'),
    timeoutMs: 2_000,
  },
  log(line) {
    const event: Event = JSON.parse(line)
    if (event.audit !== undefined) events.push(event)
  },
})
const client = await register(origin, { redirect_uris: ['https://evil.test/callback'], client_name: 'Your notes' })

t.beforeEach(() => {
  events.length = 0
})

t.test('a consent that an attacker gave is finished in no browser but theirs', async (t) => {
  const [attacker, victim] = [createPerson('grace'), createPerson()]
  await victim.browser.signIn(`${origin}/tool`)
  const page = await attacker.open(authorizeUrl(origin, client))
  const leaving = await attacker.press(page, 'allow')
  events.length = 0

  const back = await victim.browser.open(leaving.location ?? '', (location) => location.startsWith('https://evil.test'))

  t.match(back, { status: 400, location: undefined })
  t.match(back.url, `${origin}/oauth/callback?`)
  t.match(events, [{ audit: 'sign_in_failed', reason: 'attempt_unknown', client_address: '127.0.0.1' }])
  const { body } = await victim.browser.load(`${origin}/oauth/connections`)
  t.notMatch(body, 'Your notes')
})

t.test('nor is a sign-in that they began: nobody is signed in as the attacker', async (t) => {
  const [attacker, victim] = [createPerson('grace'), createPerson()]
  const callback = await attacker.browser.callbackOf(`${origin}/tool`, 'grace')
  events.length = 0

  const answer = await victim.open(callback)

  t.match(answer, { status: 400, location: undefined })
  t.equal(victim.browser.cookies(origin).get('toolgate'), undefined)
  t.match(events, [{ audit: 'sign_in_failed', reason: 'attempt_unknown' }])
})

t.test('no document of a client is fetched from inside, whatever its name leads to', async (t) => {
  const named = [...Object.keys(names), 'localhost', 'away.test']
  const told = new Map<string, unknown>()

  for (const host of [...named, '127.0.0.1', '[::1]', '2130706433']) {
    const of = { client_id: `https://${host}:${inside.port}/client.json`, redirect_uri: 'https://evil.test/callback' }
    events.length = 0

    const page = await createPerson().open(authorizeUrl(origin, of))
    const { json } = await refresh(origin, of, 'x')

    t.match(page, { status: 400, location: undefined }, host)
    const refused = { audit: 'access_denied', client_id: of.client_id }
    t.match(events, [refused, refused], host)
    told.set(host, json)
  }
  t.equal(asked, 0, 'nothing inside was connected to')
  for (const host of named) t.same(told.get(host), told.get('away.test'), 'as if nothing were there')
})
