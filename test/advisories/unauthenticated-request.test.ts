/**
 * The answer to who is not signed in holds what it should keep back, or a request without a body breaks the gateway.
 * - CVE-2025-31492
 * - CVE-2025-3891
 */
import t from 'tap'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const { origin, echo } = await startStack(t)
const { host } = new URL(origin)
const form = 'Content-Type: application/x-www-form-urlencoded'
const page = ['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']

const bodies: readonly [string, readonly string[], string][] = [
  ['no body', [], ''],
  ['no body, and a type', [form], ''],
  ['an empty body', [form, 'Content-Length: 0'], ''],
  ['an empty chunked body', [form, 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
  ['a form', [form, 'Content-Length: 7'], 'a=1&b=2'],
  ['a type that is none', ['Content-Type: ;;', 'Content-Length: 1'], 'x'],
  ['JSON that is none', ['Content-Type: application/json', 'Content-Length: 1'], '{'],
  ['a large form', [form, 'Content-Length: 60000'], `a=${'x'.repeat(59_998)}`],
]

for (const [name, lines, body] of bodies) {
  t.test(`${name}: the challenge and nothing else, and the tool hears of nothing`, async (t) => {
    const before = echo.received.length

    for (const method of ['POST', 'PUT', 'DELETE', 'GET']) {
      for (const kind of [[], page]) {
        const answer = await sendRaw(origin, [`${method} /tool HTTP/1.1`, `Host: ${host}`, ...kind, ...lines], body)
        t.equal(answer.status, kind === page && method === 'GET' ? 302 : 401, method)
        t.equal(
          answer.headers.get('content-length')?.[0],
          String(Buffer.byteLength(answer.body, 'utf8')),
          'and no more',
        )
        t.notMatch(answer.body, '"rawHeaders"')
        if (kind !== page) t.equal(JSON.parse(answer.body).code, 'sign_in_required')
      }
    }

    t.equal(echo.received.length, before)
  })

  t.test(`${name}: our own pages take it or refuse it`, async (t) => {
    for (const path of ['/oauth/sign-out', '/oauth/connections/cognito/connect', '/oauth/me', '/oauth/callback']) {
      for (const kind of [[], page]) {
        const lead = [`POST ${path} HTTP/1.1`, `Host: ${host}`, `Origin: ${origin}`, ...kind]
        const { status } = await sendRaw(origin, [...lead, ...lines], body)
        t.ok(status >= 300 && status < 500, `${path}: ${status}`)
      }
    }
  })
}
