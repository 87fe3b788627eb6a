import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../../src/adapters/memory-store.ts'
import { createRegistration } from '../../../src/core/mcp/registration.ts'
import { createNamingKeys } from '../../../src/core/naming-keys.ts'

const issuer = 'https://tools.test'
const day = 24 * 3_600_000
const body = { client_name: 'An app', redirect_uris: ['https://app.test/callback'] }
const [old, next] = [randomBytes(32), randomBytes(32)]

/** Gateways over one store, with whatever encryption keys. */
function setUp() {
  const clock = { at: Date.parse('2026-01-01') }
  const now = () => clock.at
  const { records } = createMemoryStore({ now })
  const withKeys = (...keys: readonly Uint8Array[]) => {
    const namingKeys = createNamingKeys({ records, keyring: createKeyring(keys), now })
    return createRegistration({ lastingKeyring: async () => createKeyring(await namingKeys()), now })
  }
  return { clock, withKeys }
}

t.test('a client is known by its id, with its secret, when the encryption key of that time is long gone', async (t) => {
  const { withKeys } = setUp()
  const { client_id, client_secret = '' } = await withKeys(old).register(body, issuer)

  for (const keys of [[old], [old, next], [next, old], [next]]) {
    const client = await withKeys(...keys).find(client_id, issuer)
    t.match(client, { id: client_id, name: 'An app', known: 'registered', redirectUris: body.redirect_uris })
    t.ok(client?.hasSecret(client_secret))
    t.notOk(client?.hasSecret(`${client_secret}x`))
  }
})

t.test('an id is good where it was given, for 180 days, and as it was given', async (t) => {
  const { clock, withKeys } = setUp()
  const { register, find } = withKeys(old)
  const { client_id } = await register(body, issuer)
  const middle = Math.floor(client_id.length / 2)
  const changed = `${client_id.slice(0, middle)}${client_id[middle] === 'A' ? 'B' : 'A'}${client_id.slice(middle + 1)}`

  for (const id of [changed, `${client_id}AAAA`, client_id.slice(0, -4), 'reg_', 'reg_AAAA', '']) {
    t.equal(await find(id, issuer), undefined, id)
  }
  t.equal(await find(client_id, 'https://other.test'), undefined, 'at another issuer')
  clock.at += 180 * day - 1
  t.ok(await find(client_id, issuer))
  clock.at += 1
  t.equal(await find(client_id, issuer), undefined, 'after its time')
})
