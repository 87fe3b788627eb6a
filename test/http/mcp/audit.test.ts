import t from 'tap'
import { asserting, createSigner } from '../../support/assertions.ts'
import {
  answerTo,
  authorizeUrl,
  callTool,
  connect,
  createPerson,
  exchange,
  refresh,
  register,
  sendMessage,
} from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'
import { sendJson } from '../../support/public-host.ts'
import { startTool } from '../../support/tool.ts'

const keys = await createSigner()
const published = await startTool(t, (_request, response) => sendJson(response, { keys: [keys.jwk] }))
// Nothing of this reaches a tool: there is none.
const nowhere = { upstream: 'http://127.0.0.1:9', mcp: { scopes: ['reports/read'] } }
const clock = { ahead: 0 }
const lines: string[] = []
const { origin } = await startMcpStack(t, {
  now: () => Date.now() + clock.ahead,
  log: (line) => lines.push(line),
  config: {
    routes: [
      { name: 'notes', path: '/mcp', ...nowhere },
      { name: 'other', path: '/other', ...nowhere },
    ],
    mcp: {
      clients: [
        {
          client_id: 'signer',
          client_name: 'Signer',
          redirect_uris: ['https://signer.test/cb'],
          jwks_uri: `${published.url}/jwks`,
        },
      ],
    },
  },
})
const client = await register(origin)
const signer = { client_id: 'signer', redirect_uri: 'https://signer.test/cb' }
/** Everything that must be in no line. */
const secrets: string[] = []
const isSecret = <Value extends string>(value: Value) => {
  secrets.push(value.split('.').at(-1) ?? '')
  return value
}

async function newCode(): Promise<string> {
  const person = createPerson()
  const back = await person.decide(await person.open(authorizeUrl(origin, client)))
  return isSecret(back.searchParams.get('code') ?? '')
}

async function signedIn(username?: string) {
  const tokens = await connect(origin, client, createPerson(username))
  isSecret(tokens.refresh_token)
  return { ...tokens, authorization: { authorization: `Bearer ${isSecret(tokens.access_token)}` } }
}

const errorOf = ({ status, json }: { readonly status: number; readonly json?: { readonly error?: string } }) =>
  `${status} ${json?.error}`
const statusOf = ({ status }: { readonly status: number }) => String(status)
const user = /^cognito:/
const client_id = client.client_id

/** What is refused, how, and what the auditor reads of it. */
const refusals: readonly {
  readonly what: string
  readonly act: () => Promise<string>
  readonly answer: string
  readonly event: Readonly<Record<string, unknown>>
}[] = [
  {
    what: 'a token for one resource, at another',
    async act() {
      const { authorization } = await signedIn()
      return statusOf(await sendMessage(origin, { method: 'tools/call' }, authorization, '/other'))
    },
    answer: '401',
    event: { audit: 'access_denied', user, client_id, reason: 'a token for another resource' },
  },
  {
    what: 'a code that was used',
    async act() {
      const code = await newCode()
      const { json } = await exchange(origin, client, code)
      const again = errorOf(await exchange(origin, client, code))
      return `${again}, then ${statusOf(await callTool(origin, json.access_token))}`
    },
    answer: '400 invalid_grant, then 401',
    event: { audit: 'grant_ended', user, reason: 'code used again' },
  },
  {
    what: 'a wrong verifier, which does not spend the code',
    async act() {
      const code = await newCode()
      const wrong = errorOf(await exchange(origin, client, code, { code_verifier: isSecret('w'.repeat(43)) }))
      return `${wrong}, then ${statusOf(await exchange(origin, client, code))}`
    },
    answer: '400 invalid_grant, then 200',
    event: { audit: 'access_denied', client_id, reason: 'The code_verifier is wrong.' },
  },
  {
    what: 'a refresh token that comes again after its grace',
    async act() {
      const { refresh_token } = await signedIn()
      const { json } = await refresh(origin, client, refresh_token)
      clock.ahead += 61_000
      const again = errorOf(await refresh(origin, client, refresh_token))
      return `${again}, then ${errorOf(await refresh(origin, client, isSecret(json.refresh_token)))}`
    },
    answer: '400 invalid_grant, then 400 invalid_grant',
    event: { audit: 'grant_ended', user, reason: 'refresh token used again' },
  },
  {
    what: 'an assertion that was made for another host',
    async act() {
      const assertion = isSecret(await keys.sign('signer', 'https://other.test', {}, Date.now() + clock.ahead))
      return errorOf(await refresh(origin, signer, 'x', asserting(assertion)))
    },
    answer: '401 invalid_client',
    event: { audit: 'access_denied', client_id: 'signer', reason: /^aud must be/ },
  },
  {
    what: 'a member that comes twice',
    act: async () =>
      statusOf(await sendMessage(origin, '{"jsonrpc":"2.0","method":"ping","method":"tools/call","id":1}')),
    answer: '400',
    event: { audit: 'access_denied', route: 'notes', reason: /twice/ },
  },
  {
    what: 'tasks/list without a token',
    act: async () => statusOf(await sendMessage(origin, { method: 'tasks/list' })),
    answer: '401',
    event: { audit: 'access_denied', route: 'notes', reason: 'no token' },
  },
  {
    what: 'the session of somebody else',
    async act() {
      const [ada, grace] = [await signedIn(), await signedIn('grace')]
      const session = { 'mcp-session-id': 'of-ada' }
      const own = statusOf(await callTool(origin, undefined, 'any', { ...ada.authorization, ...session }))
      const other = statusOf(await callTool(origin, undefined, 'any', { ...grace.authorization, ...session }))
      return `${own}, then ${other}`
    },
    answer: '502, then 401',
    event: { audit: 'access_denied', user, route: 'notes', reason: "another user's MCP session" },
  },
  {
    what: 'a redirect to somewhere else than was registered',
    async act() {
      const url = authorizeUrl(origin, client, { redirect_uri: 'https://evil.test/callback?x=1' })
      const { status, location } = await createPerson().open(url)
      return `${status} ${location}`
    },
    answer: '400 undefined',
    event: { audit: 'access_denied', redirect: 'https://evil.test', reason: /redirect_uri/ },
  },
  {
    what: 'a question that an attacker was asked, answered in the browser of a victim',
    async act() {
      const [attacker, victim] = [createPerson('grace'), createPerson()]
      await victim.follow(await victim.press(await victim.open(authorizeUrl(origin, client)), 'allow'))
      const { url, form } = answerTo(await attacker.open(authorizeUrl(origin, client)), 'allow')
      isSecret(form.shown ?? '')
      const headers = { 'sec-fetch-site': 'same-origin', origin }
      const { location } = await victim.browser.load(url, { method: 'POST', form, headers })
      return new URL(location ?? '', origin).pathname
    },
    answer: '/oauth/authorize',
    event: { audit: 'access_denied', user, client_id, reason: 'a consent that was not asked for here' },
  },
  {
    what: 'a consent that an attacker gave, finished in the browser of a victim',
    async act() {
      const attacker = createPerson('grace')
      const leaving = await attacker.press(await attacker.open(authorizeUrl(origin, client)), 'allow')
      const { browser } = createPerson()
      const login = await browser.open(leaving.location ?? '')
      return statusOf(await browser.submitSignIn(login, 'ada'))
    },
    answer: '400',
    event: { audit: 'sign_in_failed', provider: 'cognito', reason: 'attempt_unknown' },
  },
]

for (const { what, act, answer, event } of refusals) {
  t.test(`refused, and in the audit log: ${what}`, async (t) => {
    lines.length = 0

    t.equal(await act(), answer)

    const events = lines.filter((line) => line.includes('"audit":')).map((line) => JSON.parse(line))
    const found = events.filter(({ audit }) => audit === event.audit)
    t.match(found.at(0), { ...event, request_id: /./, client_address: '127.0.0.1' })
    t.notOk(
      lines.some((line) => secrets.some((secret) => line.includes(secret))),
      'without a secret',
    )
  })
}
