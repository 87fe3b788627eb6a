/**
 * The ID token of a refresh is kept without a look at its signature, or at whom it names.
 * - mod_auth_openidc 2026-07-31
 */
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const clock = { ahead: 0 }
const { origin, cognito, control, echo } = await startStack(t, { now: () => Date.now() + clock.ahead })

/** Signs in, lets the tokens get old, and asks again while the provider answers as `change` says. */
async function refreshedWith(change: (idToken: Record<string, unknown>) => Promise<unknown>) {
  const browser = createBrowser()
  await browser.signIn(`${origin}/oauth/sign-in`)
  await browser.load(`${origin}/tool`)
  const user = echo.received.at(-1)?.headers['x-forwarded-user']
  clock.ahead += 2 * 3_600_000
  await control.clock(`${clock.ahead}ms`)
  await change({ iss: cognito.issuer, aud: '1localexample', token_use: 'id', sub: String(user).split(':')[1] })
  const before = echo.received.length
  const answer = await browser.send(`${origin}/tool`)
  await control.pool({ extra_claims: {} })
  await control.heal()
  return {
    answer,
    isForwarded: echo.received.length > before,
    user,
    now: echo.received.at(-1)?.headers['x-forwarded-user'],
  }
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** Answers a refresh with an ID token that nobody signed. */
const unsigned = (idToken: object, header: object = { alg: 'none' }) =>
  control.fault({
    endpoint: 'token',
    times: 1,
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: {
      access_token: 'access-of-somebody',
      id_token: `${part(header)}.${part({ ...idToken, iat: soon(), exp: soon() + 3600 })}.`,
      token_type: 'Bearer',
      expires_in: 3600,
    },
  })
const soon = () => Math.floor((Date.now() + clock.ahead) / 1000)

const refused: readonly [string, (idToken: Record<string, unknown>) => Promise<unknown>][] = [
  ['of another user', () => control.pool({ extra_claims: { sub: 'somebody-else' } })],
  ['of nobody', () => control.pool({ extra_claims: { sub: '' } })],
  ['of another issuer', () => control.pool({ extra_claims: { iss: 'https://evil.example' } })],
  ['for another client', () => control.pool({ extra_claims: { aud: '1other' } })],
  ['that is an access token', () => control.pool({ extra_claims: { token_use: 'access' } })],
  ['that is over', () => control.pool({ extra_claims: { exp: soon() - 600 } })],
  ['that nobody signed', (idToken) => unsigned(idToken)],
]

for (const [name, change] of refused) {
  t.test(`an ID token ${name}: nothing of it is used`, async (t) => {
    const { answer, isForwarded } = await refreshedWith(change)

    t.ok([401, 503].includes(answer.status), String(answer.status))
    t.notOk(isForwarded)
  })
}

t.test(
  'one whose key nobody knows: its claims are not used, and it must name the same user all the same',
  async (t) => {
    const unknownKey = { alg: 'RS256', kid: 'x' }
    const groups = { 'cognito:groups': ['operators'], email: 'evil@example.com', email_verified: true }

    const same = await refreshedWith((idToken) => unsigned({ ...idToken, ...groups }, unknownKey))
    const told = echo.received.at(-1)?.headers
    const another = await refreshedWith((idToken) => unsigned({ ...idToken, sub: 'somebody-else' }, unknownKey))
    const other = await refreshedWith((idToken) => unsigned({ ...idToken, aud: '1other' }, unknownKey))

    t.equal(same.answer.status, 200)
    t.match(told, { 'x-forwarded-groups': 'analysts', 'x-forwarded-email': 'ada@example.com' })
    t.strictSame([another.answer.status, other.answer.status], [401, 401])
    t.notOk(another.isForwarded || other.isForwarded)
  },
)

t.test('one that is right is used', async (t) => {
  const { answer, isForwarded, user, now } = await refreshedWith(async () => undefined)

  t.equal(answer.status, 200)
  t.ok(isForwarded)
  t.equal(user, now)
})
