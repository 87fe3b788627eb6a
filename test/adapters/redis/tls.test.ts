import t, { type Test } from 'tap'
import { createRedisStore } from '../../../src/adapters/redis/store.ts'
import type { RecordWrite } from '../../../src/core/ports.ts'
import type { StoreConnection } from '../../../src/core/store-address.ts'
import { certificate } from '../../support/certificates.ts'
import { startRedis } from '../../support/redis.ts'
import { sentinelPassword, startCluster, startSentinel } from '../../support/redis-topologies.ts'

const aWrite: RecordWrite = { state: 'live', mark: '', reason: '', body: Buffer.from('sealed'), ttlMs: 600_000 }
const ca = certificate('ca.pem')
const unavailable = { code: 'store_unavailable', status: 503 }

/** What becomes of a write, with the reason it is refused. */
async function tryWrite(t: Test, connection: StoreConnection): Promise<string> {
  const { records } = createRedisStore({ ...connection, keyPrefix: 'tg:' })
  t.teardown(() => records.close())
  const error = await records.write('u', 's:one', aWrite, { new: true }).catch((reason) => reason)
  if (typeof error === 'number') return 'written'
  t.match(error, unavailable)
  return error.cause.message
}

t.test('a certificate that nobody known vouches for is refused before anything is said', async (t) => {
  const server = await startRedis(t, { tls: 'server', password: 'secret' })

  t.match(await tryWrite(t, { url: server.url }), /self-signed certificate in certificate chain/)
  t.match(await tryWrite(t, { url: server.url.replace('127.0.0.1', 'localhost'), tls: { ca } }), /does not match/)
  t.equal(await tryWrite(t, { url: server.url, tls: { ca } }), 'written')
})

t.test('a server that asks for a certificate is shown one', async (t) => {
  const server = await startRedis(t, { tls: 'mutual' })

  t.not(await tryWrite(t, { url: server.url, tls: { ca } }), 'written')
  const [cert, key] = [certificate('client.pem'), certificate('client.key')]
  t.equal(await tryWrite(t, { url: server.url, tls: { ca, cert, key } }), 'written')
})

t.test('Sentinels and servers with TLS and passwords of their own', async (t) => {
  const { url } = await startSentinel(t, { secure: true })
  const sentinelLogin = { username: '', password: sentinelPassword }

  t.equal(await tryWrite(t, { url, tls: { ca }, sentinelLogin }), 'written')
  t.match(await tryWrite(t, { url, tls: { ca } }), /sentinel .* NOAUTH/)
  t.match(
    await tryWrite(t, { url: url.replace('/toolgate/', '/other/'), tls: { ca }, sentinelLogin }),
    /No such master/,
  )
})

t.test('a Cluster with TLS and a password: every node is verified and logged in to', async (t) => {
  const { url } = await startCluster(t, { secure: true })
  const store = createRedisStore({ url, tls: { ca }, keyPrefix: 'tg:' })
  t.teardown(() => store.records.close())
  const users = Array.from({ length: 9 }, (_, index) => `user-${index}`)

  const written = await Promise.all(users.map((user) => store.records.write(user, 's:one', aWrite, { new: true })))

  t.ok(written.every((version) => version === 1))
  t.not(await tryWrite(t, { url }), 'written')
})
