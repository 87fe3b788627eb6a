/**
 * What was found out about a token for one route is taken for another: other scopes, another audience, another issuer.
 * - CVE-2021-32701
 * - CVE-2026-33496
 */
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { machineTokens } from '../support/machine-tokens.ts'
import { startGateway, startParts } from '../support/stack.ts'

const { origin, yaml, cognito, control, echo } = await startParts(t)
const at = (name: string, more: object = {}) => ({
  ...{ name, path: `/${name}`, upstream: echo.url, accept: ['provider_token'] },
  ...more,
})
/** Another issuer, which knows our client by the same name. */
const other = { type: 'cognito', domain: cognito.domain, issuer: `${cognito.issuer}x`, client_id: '1localexample' }
await startGateway(t, {
  ...yaml,
  log: { level: 'fatal' },
  providers: { ...yaml.providers, other },
  routes: [
    at('any'),
    at('writers', { scopes: ['reports/write'] }),
    at('machines', { allow: { clients: ['1localpublic'] } }),
    at('others', { sign_in: ['other'] }),
    at('operators', { allow: { groups: ['operators'] } }),
  ],
})
const minted = await machineTokens(cognito.domain, control)
const person = { sub: 'some-user', username: 'ada', client_id: '1localexample' }
const program = createBrowser()

/** What each of these routes answers to one token, one after the other. */
async function statuses(token: string, names: readonly string[]) {
  const answers = []
  for (const name of names) {
    const headers = { authorization: `Bearer ${token}` }
    answers.push((await program.send(`${origin}/${name}`, { headers })).status)
  }
  return answers
}

t.test('a token that is good on one route is looked at anew on the next', async (t) => {
  const ours = await minted(person)
  const listed = await minted({ ...person, client_id: '1localpublic' })

  t.strictSame(await statuses(ours, ['any', 'writers', 'others', 'operators', 'any']), [200, 403, 401, 403, 200])
  t.strictSame(await statuses(listed, ['machines', 'any', 'writers', 'machines']), [200, 401, 401, 200])
})

t.test('nor does a refusal stay with a token', async (t) => {
  const writer = await minted({ ...person, n: 1 }, 'reports/write')
  const listed = await minted({ ...person, n: 2, client_id: '1localpublic' })

  t.strictSame(await statuses(writer, ['others', 'operators', 'writers', 'any']), [401, 403, 200, 200])
  t.strictSame(await statuses(listed, ['any', 'others', 'machines']), [401, 401, 200])
})

t.test('a token that is almost a known one is not known', async (t) => {
  const ours = await minted(person)
  t.equal((await statuses(ours, ['any']))[0], 200)
  const [header, payload, signature = ''] = ours.split('.')
  const changed = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)

  for (const almost of [`${ours}A`, `${header}.${payload}.${changed}`, ours.slice(0, -4)]) {
    t.equal((await statuses(almost, ['any']))[0], 401)
  }
})
