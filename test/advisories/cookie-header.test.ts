/**
 * A crafted `Cookie` header costs time, breaks something or is taken for a session.
 * - CVE-2024-24814
 * - CVE-2023-28625
 */
import t from 'tap'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const { origin, echo } = await startStack(t)
const { host } = new URL(origin)
const id = 'x'.repeat(43)

const crafted = [
  ...['', ';', '; ; ;', '=', '==', '=;=', 'toolgate', 'toolgate=', 'toolgate==', 'toolgate=;toolgate=', '=toolgate=x'],
  ...['toolgate=.', 'toolgate=..', `toolgate=.${id}`, `toolgate=${id}.`, `toolgate=${'u'.repeat(22)}.${id}`],
  ...['toolgate_0=x; toolgate_1=y', 'toolgate_chunks=99999999', 'toolgate_chunks=-1', 'toolgate.0=x; toolgate.1=y'],
  ...[
    'toolgate=%',
    'toolgate=%zz',
    'toolgate=%00',
    'toolgate=%ff%fe',
    'toolgate=%E0%A4%A',
    'toolgate="x',
    'toolgate="x"',
  ],
  ...['__proto__=x', 'toolgate=__proto__', 'constructor=x; toString=y', 'toolgate=[object Object]', 'toolgate={}'],
  ...['toolgate=\xff\xfe', 'toolgate=\t', 'toolgate= ', 'a b=c', 'toolgate=a,toolgate=b', '$Version=1; toolgate=x'],
  ...[`toolgate=${'x'.repeat(8_000)}`, `toolgate.a.${id}=${'x'.repeat(8_000)}`, `toolgate.a.${id}=x`, 'toolgate.a.=x'],
  ...['toolgate.u=x', 'toolgate.r=x', 'toolgate.r=99999999999999999999', 'toolgate.s=x', `toolgate.a.__proto__=x`],
  ...[`${'a=b; '.repeat(2_000)}`, `${';'.repeat(10_000)}`, `${'='.repeat(10_000)}`, `${'toolgate=x; '.repeat(1_000)}`],
  ...[`${'toolgate.a.x=y; '.repeat(800)}`, `toolgate=${'.'.repeat(10_000)}`, `toolgate=${'%25'.repeat(3_000)}`],
]

t.test('whatever is in Cookie is nobody, at once, and no failure of ours', async (t) => {
  const started = performance.now()
  const paths = ['/tool', '/oauth/me', '/oauth/', '/oauth/callback?code=a&state=b', '/oauth/sign-in', '/oauth/sign-out']

  for (const cookie of crafted) {
    for (const path of paths) {
      const { status } = await sendRaw(origin, [`GET ${path} HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookie}`])
      const expected = { '/tool': [401], '/oauth/me': [401] }[path] ?? [200, 302, 400, 401]
      t.ok(expected.includes(status), `${path} ${encodeURI(cookie.slice(0, 40))}: ${status}`)
    }
  }

  t.equal(echo.received.length, 0)
  t.ok(performance.now() - started < 30_000)
})

t.test('more than fits into a request is refused as a whole', async (t) => {
  const { status } = await sendRaw(origin, ['GET /tool HTTP/1.1', `Host: ${host}`, `Cookie: a=${'x'.repeat(20_000)}`])

  t.equal(status, 431)
})
