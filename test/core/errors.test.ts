import { readFileSync } from 'node:fs'
import t from 'tap'
import { GatewayError, gatewayErrorCodes } from '../../src/core/errors.ts'

const document = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const rows = [...document.matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \| (.+) \|$/gm)]

t.test('docs/errors.md has every code once, with its status, a cause and a remedy', async (t) => {
  const documented = rows.map(([, code, status]) => `${code} ${status}`)
  const known = gatewayErrorCodes.map((code) => `${code} ${new GatewayError(code).status}`)

  t.same(documented.toSorted(), known.toSorted())
})

t.test('what comes back by itself says when', async (t) => {
  for (const code of gatewayErrorCodes) {
    const { status, retryAfterSeconds } = new GatewayError(code)
    t.equal(retryAfterSeconds !== undefined, status === 503, code)
  }
})

t.test('the public sentence names no cause', async (t) => {
  const error = new GatewayError('upstream_unreachable', { cause: new Error('connect ECONNREFUSED 10.0.0.1:3000') })

  t.notMatch(error.message, '10.0.0.1')
  t.notMatch(JSON.stringify(error), '10.0.0.1')
})
