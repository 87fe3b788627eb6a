/**
 * A body is read and written anew on its way, and means something else to the upstream.
 * - GHSA-4gph-2hhr-5mwg
 */
import t from 'tap'
import { sendRaw } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const { origin, echo } = await startStack(t)
const { host } = new URL(origin)

const bodies = [
  '{"method":"tools/list","Method":"tools/call"}',
  '{"method":"a","method":"b","method":"c"}',
  '{"jsonrpc":"2.0", "id":1.0, "params":{"n":1e400,"m":12345678901234567890}}\n',
  '[{"method":"a"},{"method":"b"}]',
  '{"a":"\\u0000\\ud800","__proto__":{"x":1}}',
  '{"a":1}{"b":2}',
  '{"a":',
  '  ',
  'a=1&a=2&A=3&%61=4',
]
const types = ['application/json', 'application/json; charset=utf-16', 'application/x-www-form-urlencoded', 'text/xml']

t.test('a body reaches the tool byte for byte, whatever its type says', async (t) => {
  for (const body of bodies) {
    for (const type of types) {
      const lines = ['POST /open HTTP/1.1', `Host: ${host}`, `Content-Type: ${type}`, `Content-Length: ${body.length}`]
      const { status } = await sendRaw(origin, lines, body)
      t.equal(status, 200)
      t.equal(echo.received.at(-1)?.body, body)
      t.equal(echo.received.at(-1)?.headers['content-type'], type)
    }
  }
})
