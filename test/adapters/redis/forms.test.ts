import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createAllRecords } from '../../../src/adapters/redis/all-records.ts'
import { inspectRedis } from '../../../src/adapters/redis/inspect.ts'
import { createRedisStore } from '../../../src/adapters/redis/store.ts'
import { storeFindings } from '../../../src/core/check/store.ts'
import type { RecordWrite } from '../../../src/core/ports.ts'
import type { StoreConnection } from '../../../src/core/store-address.ts'
import { certificate, certificateFile } from '../../support/certificates.ts'
import { freePort } from '../../support/free-port.ts'
import { type RedisProcess, startRedis, startRedisProcess } from '../../support/redis.ts'
import { startCluster, startSentinel } from '../../support/redis-topologies.ts'
import { storeContract } from '../store-contract.ts'

const aWrite: RecordWrite = { state: 'live', mark: '', reason: '', body: Buffer.from('sealed'), ttlMs: 600_000 }
/** As long as the tag of a sealing. */
const body = Buffer.from('sixteen bytes it')
const unavailable = { code: 'store_unavailable' }
let tests = 0

interface Listened {
  /** Waits until changes by others are heard, or are not. */
  readonly hears: (isHearing: boolean) => Promise<void>
  /** Waits for the next change of this user. */
  readonly changeOf: (user: string) => Promise<void>
}

function openStore(t: Test, connection: StoreConnection, keyPrefix = 'tg:', options: object = {}) {
  const store = createRedisStore({ ...connection, keyPrefix, probeEveryMs: 100, arriveWithinMs: 300, ...options })
  t.teardown(() => store.records.close())
  return store
}

function listenTo({ invalidations }: ReturnType<typeof openStore>): Listened {
  let isHearing: boolean | undefined
  const changed: string[] = []
  let wake = () => {}
  invalidations.listen({
    changed(user) {
      changed.push(user)
      wake()
    },
    hearing(hearing) {
      isHearing = hearing
      wake()
    },
  })
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return {
    hears: (wanted) => until(() => isHearing === wanted),
    changeOf: (user) => until(() => changed.includes(user)),
  }
}

/** As time that passes would: whatever these servers keep below the prefix has that much less to live. */
async function shorten(servers: readonly Redis[], keyPrefix: string, ms: number): Promise<void> {
  for (const redis of servers) {
    for (const key of await redis.keys(`${keyPrefix}*`)) {
      const left = (await redis.pttl(key)) - ms
      await (left > 0 ? redis.pexpire(key, left) : redis.del(key))
      if ((await redis.type(key)) !== 'zset') continue
      for (const member of await redis.zrange(key, '0', '-1')) await redis.zincrby(key, String(-ms), member)
    }
  }
}

function contractOver(t: Test, connection: StoreConnection, primaries: readonly Redis[]): void {
  storeContract(t, async (t) => {
    const keyPrefix = `contract${++tests}:`
    return {
      store: openStore(t, connection, keyPrefix),
      other: openStore(t, connection, keyPrefix),
      advance: (ms) => shorten(primaries, keyPrefix, ms),
    }
  })
}

function connectTo(t: Test, { port }: Pick<RedisProcess, 'port'>, options: object = {}): Redis {
  const redis = new Redis({ host: '127.0.0.1', port, ...options })
  redis.on('error', () => {})
  t.teardown(() => redis.disconnect())
  return redis
}

/** Tries until it is answered: how long that took, in milliseconds. */
async function untilAnswered(attempt: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (;;) {
    try {
      await attempt()
      return performance.now() - start
    } catch (error) {
      if (performance.now() - start > 20_000) throw error
      await delay(20)
    }
  }
}

t.test('over TLS, as a user of its own (ACL)', async (t) => {
  const port = await freePort()
  const plainPort = await freePort()
  const server = await startRedisProcess(t, plainPort, () => [
    ...['--port', String(plainPort), '--tls-port', String(port), '--bind', '127.0.0.1', '--save', ''],
    ...['--tls-cert-file', certificateFile('server.pem'), '--tls-key-file', certificateFile('server.key')],
    ...['--tls-ca-cert-file', certificateFile('ca.pem'), '--tls-auth-clients', 'no'],
  ])
  const redis = connectTo(t, server)
  const page = await readFile(new URL('../../../docs/storage.md', import.meta.url), 'utf8')
  const [, rights = ''] = /^ACL SETUSER .* &tg:changes (.*)$/m.exec(page) ?? []
  await redis.call(
    'ACL',
    'SETUSER',
    'toolgate',
    'on',
    '>s3cret/@',
    '~contract*',
    '~tg:*',
    'resetchannels',
    '&*',
    ...rights.split(' '),
  )
  const url = `rediss://toolgate:${encodeURIComponent('s3cret/@')}@127.0.0.1:${port}`

  contractOver(t, { url, tls: { ca: certificate('ca.pem') } }, [redis])

  t.test('check says what rights a user lacks', async (t) => {
    const limits = { signal: AbortSignal.timeout(10_000) }
    const tls = { ca: certificate('ca.pem') }
    const as = (user: string) => ({ url: url.replace('//toolgate:', `//${user}:`), tls })
    const others = { one: ['~tg:*', '&*', '+@all', '-zadd', '-set'], two: ['~tg:*', '&*', '+@all', '-@scripting'] }
    for (const [user, those] of Object.entries(others)) {
      await redis.call('ACL', 'SETUSER', user, 'on', '>s3cret/@', 'resetchannels', ...those)
    }

    t.match(await inspectRedis(as('toolgate'), 'tg:', limits), { lacking: [], mayTell: true })
    t.match(await inspectRedis(as('one'), 'tg:', limits), { lacking: ['SET', 'ZADD'] })
    t.match(await inspectRedis(as('one'), 'other:', limits), { lacking: { 0: 'GET', length: 17 } })
    t.match(await inspectRedis(as('two'), 'tg:', limits), { lacking: ['EVAL'] })
  })
  t.test('a certificate that nobody vouches for is refused', async (t) => {
    await t.rejects(openStore(t, { url }).records.ping(), unavailable)
  })
  t.test('a wrong password is refused, and said without the password', async (t) => {
    const details: string[] = []
    const onChange = (_up: boolean, detail: string) => details.push(detail)
    const wrong = { url: url.replace('s3cret', 'wr0ng'), tls: { ca: certificate('ca.pem') } }
    await t.rejects(openStore(t, wrong, 'tg:', { onChange }).records.ping(), unavailable)

    t.match(details, [/WRONGPASS/])
    t.notMatch(details.join(), /wr0ng/)
  })
})

t.test('with Sentinels', async (t) => {
  const sentinel = await startSentinel(t)
  const [first] = sentinel.servers
  contractOver(t, sentinel, first === undefined ? [] : [connectTo(t, first)])

  t.test('a replica confirms what must not be lost; where none does nothing waits for long', async (t) => {
    const [primary, ...replicas] = sentinel.servers
    const said: boolean[] = []
    const onReplicated = (isReplicated: boolean) => said.push(isReplicated)
    const url = `redis://127.0.0.1:${primary?.port}`
    const { records } = openStore(t, { url }, 'tg:', { waitForReplica: true, onReplicated })

    await records.write('u', 't:cognito', { ...aWrite, mark: 'one' }, { new: true })
    const there = await Promise.all(replicas.map((replica) => connectTo(t, replica).exists('tg:{u}:t:cognito')))
    for (const replica of replicas) replica.freeze()
    const start = performance.now()
    await records.write('u', 't:cognito', { ...aWrite, mark: 'two' }, { mark: 'one' })
    await records.write('u', 't:cognito', { ...aWrite, mark: 'three' }, { mark: 'two' })
    const took = performance.now() - start
    for (const replica of replicas) replica.thaw()
    // Those of the next test begin with what there is now.
    if (primary !== undefined) await connectTo(t, primary).wait(2, 10_000)

    t.ok(there.includes(1))
    t.ok(took < 900, `two writes took ${Math.round(took)} ms`)
    t.strictSame(said, [true, false], 'it is said once')
  })

  t.test('check says when no Sentinel knows the name, or none is there', async (t) => {
    const limits = { signal: AbortSignal.timeout(10_000) }
    const wrongName = { url: sentinel.url.replace('/toolgate/', '/other/') }
    const nobody = { url: `redis+sentinel://127.0.0.1:${await freePort()}/toolgate` }

    t.match(await inspectRedis(sentinel, 'tg:', limits), { info: { role: 'master' }, quorum: /^OK 3/ })
    t.match(await inspectRedis(wrongName, 'tg:', limits), { sentinels: /No such master/ })
    t.match(storeFindings(await inspectRedis(nobody, 'tg:', limits), 'h:1'), [
      { status: 'problem', answer: /No: h:1, failed to connect to sentinel/, remedy: /SENTINEL MASTERS/ },
    ])
  })

  t.test('check says when the Sentinels are too few to agree', async (t) => {
    const demand = (quorum: string) =>
      Promise.all(
        sentinel.sentinels.map((one) => connectTo(t, one).call('SENTINEL', 'SET', 'toolgate', 'quorum', quorum)),
      )
    await demand('5')

    const outcome = await inspectRedis(sentinel, 'tg:', { signal: AbortSignal.timeout(10_000) })
    await demand('2')

    t.match(outcome, { quorum: /^NOQUORUM/ })
  })

  t.test('after a failover it is written to the new primary, and changes are heard again', async (t) => {
    const store = openStore(t, sentinel)
    const listened = listenTo(openStore(t, sentinel))
    let writes = 0
    await listened.hears(true)
    await store.records.write('before', 's:one', aWrite, { new: true })

    await connectTo(t, await sentinel.primary()).wait(2, 5_000)
    await sentinel.failover()
    const primary = connectTo(t, await sentinel.primary())
    // What the former primary takes in its last moments is lost: Redis works so.
    await untilAnswered(async () => {
      await store.records.end('after', ['s:one'], { reason: 'x', orphans: [] })
      await store.records.write('after', 's:one', aWrite, { new: true })
      if ((await primary.exists('tg:{after}:s:one')) === 0) throw new Error('written elsewhere')
    })
    // Until its subscription has moved, too, it hears nothing, and finds that out.
    await untilAnswered(async () => {
      await listened.hears(true)
      await store.records.write(`heard${++writes}`, 's:one', aWrite, { new: true })
      await Promise.race([
        listened.changeOf(`heard${writes}`),
        delay(500).then(() => Promise.reject(new Error('unheard'))),
      ])
    })

    t.equal((await store.records.read('before', ['s:one']))[0]?.state, 'live')
  })

  t.test('a primary that is killed is followed by another', async (t) => {
    const store = openStore(t, sentinel)
    await store.records.write('kept', 's:one', aWrite, { new: true })
    const former = await sentinel.primary()
    // What no replica has yet is lost with it.
    await connectTo(t, former).wait(2, 5_000)

    await former.kill()
    await sentinel.promoted(former)
    await untilAnswered(() => store.records.write('kept', 's:two', aWrite, { new: true }))

    t.equal((await store.records.list('kept')).length, 2)
    await former.restart()
  })
})

t.test('a server that is a replica for a moment is asked again within the time, not given up', async (t) => {
  const server = await startRedis(t)
  const other = await startRedis(t)
  const redis = connectTo(t, server)
  const { records } = openStore(t, server)
  await records.ping()

  await redis.replicaof('127.0.0.1', String(other.port))
  const writing = records.write('u', 's:one', aWrite, { new: true })
  await delay(200)
  await redis.replicaof('NO', 'ONE')

  t.equal(await writing, 1)
})

t.test('in a Cluster', async (t) => {
  const cluster = await startCluster(t)

  t.test('the rights that docs/storage.md names are enough there, too', async (t) => {
    const page = await readFile(new URL('../../../docs/storage.md', import.meta.url), 'utf8')
    const [, rights = ''] = /^ACL (SETUSER toolgate on .*)$/m.exec(page) ?? []
    const words = rights.replace('>PASSWORD', '>secret').split(' ')
    await Promise.all(cluster.nodes.map((node) => connectTo(t, node).call('ACL', ...words)))
    const store = openStore(t, { url: cluster.url.replace('//', '//toolgate:secret@') })

    await listenTo(store).hears(true)
    t.equal(await store.records.write('allowed', 's:one', aWrite, { new: true }), 1)
  })
  contractOver(
    t,
    cluster,
    cluster.nodes.slice(0, 3).map((node) => connectTo(t, node)),
  )

  t.test(
    'whoever goes through all records meets those of every primary, once, and may put another body there',
    async (t) => {
      const { records, addresses } = openStore(t, cluster, 'all:')
      const users = Array.from({ length: 30 }, (_, at) => `user ${at}`)
      await Promise.all(users.map((user) => records.write(user, 's:one', { ...aWrite, body }, { new: true })))
      await addresses.add('digest', 'user 1', 600_000)
      const all = createAllRecords(cluster, 'all:')
      t.teardown(() => all.close())
      const met: string[] = []

      for await (const page of all.pages()) {
        for (const { user, name } of page) {
          met.push(user)
          t.equal(await all.replaceBody({ user, name }, body, Buffer.from('sealed anew')), true)
          t.equal(await all.replaceBody({ user, name }, body, Buffer.from('sealed late')), false)
        }
      }

      t.strictSame(met.sort(), users.sort())
      const [after] = await records.read('user 7', ['s:one'])
      t.match(after, { state: 'live', version: 1, body: Buffer.from('sealed anew') })
      t.strictSame(await addresses.find('digest'), ['user 1'])
    },
  )

  t.test('an end that meets its slot on the way to another node ends all or nothing', async (t) => {
    const { records } = openStore(t, cluster)
    await records.write('leaver', 's:one', aWrite, { new: true })
    await records.write('leaver', 't:cognito', { ...aWrite, mark: 'm' }, { new: true })
    const nodes = cluster.nodes.slice(0, 3)
    const slot = Number(await connectTo(t, nodes[0] ?? { port: 0 }).cluster('KEYSLOT', '{leaver}'))
    const from = await cluster.ownerOf(slot)
    const source = connectTo(t, from)
    const target = connectTo(t, nodes.find((node) => node !== from) ?? { port: 0 })
    const end = () => records.end('leaver', ['s:one'], { reason: 'signed_out', orphans: ['t:cognito'] })
    const states = async () => (await records.read('leaver', ['s:one', 't:cognito'])).map((record) => record?.state)

    await target.cluster('SETSLOT', slot, 'IMPORTING', String(await source.cluster('MYID')))
    await source.cluster('SETSLOT', slot, 'MIGRATING', String(await target.cluster('MYID')))
    await t.rejects(end(), unavailable)
    const meanwhile = await states()
    await source.cluster('SETSLOT', slot, 'STABLE')
    await target.cluster('SETSLOT', slot, 'STABLE')
    const ended = await end()

    t.strictSame(meanwhile, ['live', 'live'])
    t.strictSame(ended, ['s:one', 't:cognito'])
    t.strictSame(await states(), ['ended', 'ended'])
  })

  t.test('a slot that moves under load is read and written all the time', async (t) => {
    const { records } = openStore(t, cluster)
    await records.write('mover', 's:one', aWrite, { new: true })
    const probe = new Cluster([{ host: '127.0.0.1', port: cluster.nodes[0]?.port ?? 0 }])
    t.teardown(() => probe.disconnect())
    const slot = Number(await probe.cluster('KEYSLOT', '{mover}'))
    const from = await cluster.ownerOf(slot)
    const to = cluster.nodes.slice(0, 3).find((node) => node.port !== from.port)
    if (to === undefined) throw new Error('there is one primary only')
    const [source, target] = [connectTo(t, from), connectTo(t, to)]
    const [sourceId, targetId] = [String(await source.cluster('MYID')), String(await target.cluster('MYID'))]
    let isOver = false
    let done = 0
    const load = (async () => {
      for (let version = 1; !isOver; version++, done++) {
        await records.write('mover', 's:one', aWrite, { version })
        await records.read('mover', ['s:one', 't:cognito'])
      }
    })()

    await target.cluster('SETSLOT', slot, 'IMPORTING', sourceId)
    await source.cluster('SETSLOT', slot, 'MIGRATING', targetId)
    const keys = (await source.cluster('GETKEYSINSLOT', slot, 100)) as string[]
    for (const key of keys) {
      await source.call('MIGRATE', '127.0.0.1', String(to.port), key, '0', '1000')
      const before = done
      const until = performance.now() + 100
      while (done === before && performance.now() < until) await delay(5)
    }
    await target.cluster('SETSLOT', slot, 'NODE', targetId)
    await source.cluster('SETSLOT', slot, 'NODE', targetId)
    await delay(200)
    isOver = true

    await t.resolves(load)
    t.ok(keys.length >= 2, `${keys.length} keys moved`)
    t.ok(done > 2, `${done} rounds`)
    t.equal((await cluster.ownerOf(slot)).port, to.port)
  })

  t.test(
    'a change is heard whichever node the other listens at; a killed primary is followed by its replica',
    async (t) => {
      const writer = openStore(t, cluster)
      const listened = await Promise.all(
        Array.from({ length: 4 }, async () => {
          const listener = listenTo(openStore(t, cluster))
          await listener.hears(true)
          return listener
        }),
      )
      await writer.records.write('ada', 's:one', aWrite, { new: true })
      await Promise.all(listened.map(({ changeOf }) => changeOf('ada')))
      const slot = Number(await connectTo(t, cluster.nodes[0] ?? { port: 0 }).cluster('KEYSLOT', '{ada}'))
      const former = await cluster.ownerOf(slot)

      await former.kill()
      await cluster.promoted(slot, former)
      await untilAnswered(() => writer.records.write('ada', 's:two', aWrite, { new: true }))
      await Promise.all(listened.map(({ hears }) => hears(true)))
      await writer.records.write('grace', 's:one', aWrite, { new: true })
      await Promise.all(listened.map(({ changeOf }) => changeOf('grace')))

      t.equal((await writer.records.list('ada')).length, 2)
    },
  )
})
