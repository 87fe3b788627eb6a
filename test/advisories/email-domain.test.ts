/**
 * An address with two `@`, or one that nobody verified, passes a rule for a domain.
 * - CVE-2026-40574
 */
import t from 'tap'
import { createBrowser } from '../support/browser.ts'
import { startEcho } from '../support/echo.ts'
import { startStack } from '../support/stack.ts'

const echo = await startEcho(t)
const at = (name: string, allow?: object) => ({ name, path: `/${name}`, upstream: echo.url, ...(allow && { allow }) })
const { origin, control } = await startStack(t, {
  config: {
    routes: [at('tool'), at('corp', { email_domains: ['corp.test'] }), at('boss', { emails: ['ada@corp.test'] })],
  },
})

/** Signs in as somebody with these claims: the answer of the tool for the domain, and the address tools are told. */
async function entering(claims: Record<string, unknown>) {
  await control.pool({ extra_claims: claims })
  const browser = createBrowser()
  await browser.signIn(`${origin}/tool`)
  const told = echo.received.at(-1)?.headers['x-forwarded-email']
  const statuses = [(await browser.load(`${origin}/corp`)).status, (await browser.load(`${origin}/boss`)).status]
  return { statuses, told }
}

const addresses: readonly unknown[] = [
  ...['ada@evil.test@corp.test', 'ada@corp.test@evil.test', 'ada@@corp.test', '@corp.test', 'corp.test', 'ada@'],
  ...['ada@sub.corp.test', 'ada@corp.test.evil.test', 'ada@evilcorp.test', 'ada@corp.test ', 'ada@corp.test\n'],
  ...['"ada@corp.test"@evil.test', 'ada @corp.test', 'ada@corp.test,x@evil.test', ['ada@corp.test'], { a: 1 }, ''],
]

t.test('an address has exactly one @, and what follows it is compared whole', async (t) => {
  for (const email of addresses) {
    const { statuses } = await entering({ email, email_verified: true })
    t.strictSame(statuses, [403, 403], JSON.stringify(email))
  }
})

t.test('an address that nobody verified is none', async (t) => {
  for (const email_verified of [false, 'false', 'TRUE', 1, null, undefined]) {
    const { statuses, told } = await entering({ email: 'ada@corp.test', email_verified: email_verified ?? '' })
    t.strictSame(statuses, [403, 403], String(email_verified))
    t.equal(told, undefined)
  }
})

t.test('case does not count', async (t) => {
  const { statuses, told } = await entering({ email: 'Ada@CORP.test', email_verified: 'true' })

  t.strictSame(statuses, [200, 200])
  t.equal(told, 'ada@corp.test')
})
