import t from 'tap'
import type { Attempt } from '../../../src/core/attempt.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { createConsentedRequest } from '../../../src/core/mcp/authorization.ts'

const issuer = 'https://tools.test'
const attempt = { returnTo: '/oauth/authorize?client_id=app', approval: 'said yes' } as Attempt

t.test('a client that cannot be known any more spoils no sign-in: why is said where it asks again', async (t) => {
  for (const code of ['client_refused', 'rate_limited'] as const) {
    const read = async () => {
      throw new GatewayError(code)
    }

    t.equal(await createConsentedRequest({ read }, issuer)(attempt), undefined, code)
  }
})

t.test('what is wrong with us is no such thing', async (t) => {
  const read = async () => {
    throw new TypeError('a fault')
  }

  await t.rejects(createConsentedRequest({ read }, issuer)(attempt), TypeError)
})
