import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import type { RecordName } from '../../src/core/ports.ts'
import { placeOf, recordPurpose } from '../../src/core/sealed-record.ts'
import { sessionRecordName } from '../../src/core/session.ts'
import { createUserStore } from '../../src/core/user-store.ts'

const at = Date.parse('2026-01-01')
const hour = 3_600_000
const now = () => at
const user = 'u'.repeat(22)
const id = 'i'.repeat(43)
const cookie = `${user}.${id}`
const keyring = createKeyring([Buffer.alloc(32, 7)])

/** What the first release stored, byte for byte, under a key of 32 bytes 7. Never to be made anew. */
const format1 = {
  session:
    'AV8YgoHBq3JuH6FBJ8xG0WAbL4ozCh7UhazClgGPfvF/NeMu2mv+cus/oj4U+UM4TYj0gPdoJvdcDfAnu/JRT0dGWi+vpN2C6rS7j0aC8mTOwlcQLLF3bO3FP6DBSfsguBe976kBzQu7ap1BiWLtCCJmumT2qDq1gek4yGE7BvdMTuFEKQcnQTB3G9Sd44y7hWrS',
  tokens:
    'AV8YgoHBq3JuceF4E1zEUHVeDXO7nx0SxzhKApyliWCcfmEQn32WpVGunzNg6nZ/qWktG6AXvyo/qE0fG3AV7UN8CKYfigzaPCO9/CHPBzhkStzM1XlP9uSGt6gJ6JP2xqoiufplgLyW/2Nns9wJ1OABun16yOk2cwPVgCEdz5BgCWlanJxaeVOE+V5Rq6GjSttczeajihMEq2/rKYrCu6z9g0ObsfiNpS5bqeXXPjomuk2ShTRvK3gmcufI7Di710ZWrabcAGYJri+yjRfYjgkS3I93kPhRCi51+727zJW7pc9g0jXsoExJOX2akJ7obP3U9rLzj33aCsIVsgFG6IwqPxkYx/ZkwsOqwVkKMExbmNww3SvJhMyGiBcRdQ==',
  names:
    'AV8YgoHBq3JuQH9ZMGvDKnUrzWSwMbwSnM298l05+RyeSHIiLCkRdGh33AJ9ZaRfM61tYH40+Vk6OWPADYgA1GxwLNJccV2HJXHXSFn/uv7dJJBCpatU1KhgYE2ZBfnrTU7CF1yLQclrnvw+QMiE3DAPqvzlmf4l',
}

/** A store that holds these bodies, and what reads it. */
async function stored(...entries: readonly (readonly [owner: string, name: RecordName, body: Uint8Array])[]) {
  const { records } = createMemoryStore({ now })
  for (const [owner, name, body] of entries) {
    await records.write(owner, name, { state: 'live', mark: 'm', reason: '', body, ttlMs: hour }, { new: true })
  }
  const store = createUserStore({ records, keyring, lifetimes: { idleMs: hour, absoluteMs: hour }, now })
  return { records, store }
}

/** A session of the current format, with changes. */
function aSession(changes: object): Uint8Array {
  const session = { format: 1, provider: 'cognito', sub: 'ada', createdAt: at, endsAt: at + hour, ...changes }
  const place = placeOf(user, sessionRecordName({ parent: undefined, id }))
  return keyring.seal(recordPurpose, place, Buffer.from(JSON.stringify(session)))
}

t.test('what the first release stored is read', async (t) => {
  const { store } = await stored(
    [user, sessionRecordName({ parent: undefined, id }), Buffer.from(format1.session, 'base64')],
    [user, 't:cognito', Buffer.from(format1.tokens, 'base64')],
    ['gateway', 'k:names', Buffer.from(format1.names, 'base64')],
  )

  const held = await store.readSession(cookie, ['cognito'])

  t.match(held?.session, { provider: 'cognito', sub: 'ada', createdAt: at, endsAt: at + hour })
  const set = {
    accessToken: 'access',
    refreshToken: 'refresh',
    scopes: ['openid'],
    claims: { sub: 'ada' },
    client: 'us',
  }
  t.match(held?.tokens.get('cognito'), { version: 1, state: 'live', set })
  t.equal(await store.userHash('cognito', 'ada'), 'rdNEcKlMaoLVtUb1oPUyaC')
})

t.test('what a newer release stored is "try later", and stays as it is', async (t) => {
  const newer = aSession({ format: 2 })
  const sealedOtherwise = Uint8Array.from([2, ...aSession({}).subarray(1)])

  for (const body of [newer, sealedOtherwise, aSession({ format: undefined })]) {
    const { store, records } = await stored([user, sessionRecordName({ parent: undefined, id }), body])
    await t.rejects(store.readSession(cookie, []), { code: 'store_unavailable', status: 503 })
    const [record] = await records.read(user, [sessionRecordName({ parent: undefined, id })])
    t.match(record, { state: 'live', version: 1, body: Uint8Array.from(body) })
  }
})

t.test('what a newer release adds to a record of this format is no reason to refuse it', async (t) => {
  const { store } = await stored([user, sessionRecordName({ parent: undefined, id }), aSession({ added: 'later' })])

  t.match((await store.readSession(cookie, []))?.session, { sub: 'ada' })
})
