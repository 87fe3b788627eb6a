import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import t from 'tap'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { RecordStore } from '../../src/core/ports.ts'
import { createUserStore } from '../../src/core/user-store.ts'

const hour = 3_600_000
const [old, next] = [randomBytes(32), randomBytes(32)]

/** A store, and releases over it with whatever encryption keys. */
function setUp() {
  const clock = { time: Date.parse('2026-01-01'), isAway: false }
  const now = () => clock.time
  const memory = createMemoryStore({ now })
  const records: RecordStore = {
    ...memory.records,
    read: async (...args) => {
      if (clock.isAway) throw new GatewayError('store_unavailable')
      return memory.records.read(...args)
    },
  }
  const lifetimes = { idleMs: hour, absoluteMs: hour }
  const withKeys = (...keys: readonly Buffer[]) =>
    createUserStore({ records, keyring: createKeyring(keys), lifetimes, now })
  return { clock, records, withKeys }
}

/** As the first release named users, by itself: it kept no keys for names. */
function firstName(key: Buffer, userKey: string): string {
  const naming = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'toolgate digest user', 32))
  return createHmac('sha256', naming).update(userKey).digest('base64url').slice(0, 22)
}

t.test('a user keeps the name when the encryption key that first made it is long gone', async (t) => {
  const { withKeys } = setUp()
  const ada = await withKeys(old).userHash('cognito', 'ada')

  const names = [
    await withKeys(old, next).userHash('cognito', 'ada'),
    await withKeys(next, old).userHash('cognito', 'ada'),
    await withKeys(next).userHash('cognito', 'ada'),
  ]

  t.strictSame(names, [ada, ada, ada])
  t.equal(ada, firstName(old, 'cognito:ada'))
})

t.test('a user whom an earlier key named is found under that name, while the key is listed', async (t) => {
  const { records, withKeys } = setUp()
  const record = { state: 'live', mark: '', reason: '', body: Buffer.from('sealed'), ttlMs: hour } as const
  await records.write(firstName(old, 'cognito:ada'), 't:crm', record, { new: true })

  const store = withKeys(next, old)

  t.equal(await store.userHash('cognito', 'ada'), firstName(old, 'cognito:ada'))
  t.equal(await store.userHash('cognito', 'grace'), firstName(next, 'cognito:grace'))
})

t.test('replicas that start together, with their keys in different orders, name everybody alike', async (t) => {
  const { withKeys } = setUp()
  const replicas = [withKeys(old, next), withKeys(next, old), withKeys(old, next)]

  const names = await Promise.all(replicas.map((replica) => replica.userHash('cognito', 'ada')))

  t.equal(new Set(names).size, 1)
})

t.test('keys for names that cannot be opened keep nobody out: users are named by the keys there are', async (t) => {
  const { withKeys } = setUp()
  const before = await withKeys(old).userHash('cognito', 'ada')

  t.equal(await withKeys(next).userHash('cognito', 'ada'), firstName(next, 'cognito:ada'))
  t.equal(await withKeys(old).userHash('cognito', 'ada'), before, 'and are left as they are')
})

t.test('while the store is away, users are named with the keys that were read before', async (t) => {
  const { clock, withKeys } = setUp()
  const [known, fresh] = [withKeys(old), withKeys(old)]
  const ada = await known.userHash('cognito', 'ada')

  clock.isAway = true

  t.equal(await known.userHash('cognito', 'ada'), ada)
  await t.rejects(fresh.userHash('cognito', 'ada'), { code: 'store_unavailable' })
})

t.test('the keys for names stay as long as somebody signs in once in ten years', async (t) => {
  const { clock, records, withKeys } = setUp()
  const store = withKeys(old)
  await store.userHash('cognito', 'ada')
  const lasts = async () => ((await records.list('gateway'))[0]?.expiresAt ?? 0) - clock.time
  const first = await lasts()

  clock.time += first - hour
  await store.userHash('cognito', 'grace')

  t.equal(await lasts(), first)
})
