import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createAttempts } from '../../src/core/attempt.ts'
import { nextRetry } from '../../src/core/retry.ts'
import { createSealedCookies } from '../../src/core/sealed-cookies.ts'
import { formatSessionCookie, newSessionCookie, parseSessionCookie, sessionRecordName } from '../../src/core/session.ts'
import { cookies } from './arbitraries.ts'
import { runs } from './runs.ts'

const now = () => 1_700_000_000_000
const keyring = createKeyring([Buffer.alloc(32, 'key of a test')])
const sealed = createSealedCookies(keyring, 'tools.test')
const attempts = createAttempts({ sealed, cookieName: 'toolgate', now })
const attempt = {
  purpose: 'sign_in',
  provider: 'cognito',
  scopes: ['openid'],
  returnTo: '/tool',
  nonce: 'n',
  codeVerifier: 'v',
  session: undefined,
  route: undefined,
  approval: undefined,
  startedAt: now(),
  restarted: false,
  tried: false,
  narrow: false,
  least: undefined,
} as const

t.test('no cookie but one of ours is a session', async () => {
  fc.assert(
    fc.property(cookies, (pairs) =>
      pairs.every(([, value]) => {
        const session = parseSessionCookie(value)
        return session === undefined || formatSessionCookie(session) === value
      }),
    ),
    runs(3_000),
  )
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 16, maxLength: 64 }), (user) => {
      const parent = newSessionCookie(user)
      const child = newSessionCookie(user, sessionRecordName(parent))
      return [parent, child].every((cookie) =>
        isDeepStrictEqual(parseSessionCookie(formatSessionCookie(cookie)), cookie),
      )
    }),
    runs(500),
  )
})

t.test('cookies that nobody sealed hold no attempt, and stand in the way of none', async () => {
  fc.assert(
    fc.property(cookies, (pairs) => {
      const jar = Object.fromEntries(pairs)
      const kept = attempts.keep('y', attempt, jar)
      const used = attempts.use('y', attempt, jar, true)
      const { delaySeconds } = nextRetry('toolgate.r', jar['toolgate.r'], 5, now())

      return (
        delaySeconds >= 5 &&
        attempts.find('x'.repeat(43), jar) === undefined &&
        attempts.usedAttempts(jar).length === 0 &&
        attempts.find('y', { ...jar, 'toolgate.a.y': kept.at(-1)?.value }) !== undefined &&
        attempts.usedAttempts({ 'toolgate.u': used.at(-1)?.value }).length === 1
      )
    }),
    runs(2_000),
  )
})

t.test('a sealed cookie is opened where it was sealed, and nowhere else', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 8 })
  fc.assert(
    fc.property(text, text, text, text, fc.jsonValue(), (purpose, name, other, otherName, value) => {
      const change = sealed.set(purpose, name, value, 60)
      const as = { [name]: change.value, [otherName]: change.value }
      const isSame = purpose === other && name === otherName

      return (
        JSON.stringify(sealed.read(purpose, name, as)) === JSON.stringify(value) &&
        (isSame || sealed.read(other, otherName, as) === undefined) &&
        createSealedCookies(keyring, 'other.test').read(purpose, name, as) === undefined
      )
    }),
    runs(1_000),
  )
})
