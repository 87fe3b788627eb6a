import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import { certificate } from './certificates.ts'
import { freePort } from './free-port.ts'
import type { Ending } from './gateway-process.ts'
import { type RedisProcess, startRedisProcess, tlsFiles } from './redis.ts'

interface TopologyOptions {
  /** Keeps every write over a restart, also over a kill. */
  readonly appendonly?: boolean
  /** Arguments for each server, such as `--maxmemory 10mb`. */
  readonly args?: readonly string[]
  /** TLS everywhere, and passwords: one for the servers, one for the Sentinels. */
  readonly secure?: boolean
}

/** One primary, two replicas, and three Sentinels, two of which decide. */
export interface SentinelTopology {
  readonly url: string
  /** The first is the primary at the start. */
  readonly servers: readonly RedisProcess[]
  readonly sentinels: readonly RedisProcess[]
  /** The primary, as the first Sentinel that answers says. */
  primary(): Promise<RedisProcess>
  /** Has the Sentinels promote a replica, and waits until they have another primary that can be written to. */
  failover(): Promise<void>
  /** Waits until there is another primary than this one, which can be written to. */
  promoted(former: RedisProcess): Promise<void>
}

/** Three primaries with a third of the slots each, and a replica for each of them. */
export interface ClusterTopology {
  readonly url: string
  /** The primaries at the start, then their replicas in the same order. */
  readonly nodes: readonly RedisProcess[]
  /** The primary that has this slot, as the first node that answers says. */
  ownerOf(slot: number): Promise<RedisProcess>
  /** Waits until another primary than this one has the slot, and all slots are served. */
  promoted(slot: number, former: RedisProcess): Promise<void>
}

const name = 'toolgate'
const host = '127.0.0.1'

const serverPassword = 'p@ss/w:rd'
export const sentinelPassword = 's3ntinel'

/** Starts a primary, two replicas and three Sentinels that know each other. They promote one after 500 ms of silence. */
export async function startSentinel(t: Ending, options: TopologyOptions = {}): Promise<SentinelTopology> {
  const ports = await Promise.all(Array.from({ length: 6 }, freePort))
  const [primaryPort = 0, ...replicaPorts] = ports.slice(0, 3)
  const ids = ports.slice(3).map((port) => ({ port, id: randomBytes(20).toString('hex') }))

  const servers = ports.slice(0, 3).map((port, at) =>
    startRedisProcess(t, port, () => [
      ...serverArguments(port, options),
      // Without it a replica waits five seconds for others before it is given the data.
      ...['--repl-diskless-sync-delay', '0'],
      ...(at === 0 ? [] : ['--replicaof', `${host} ${primaryPort}`]),
    ]),
  )
  const sentinels = ids.map(({ port, id }) =>
    startRedisProcess(t, port, async (folder) => {
      if (options.secure) access.set(port, { password: sentinelPassword, tls: { ca: certificate('ca.pem') } })
      const others = ids.filter((other) => other.id !== id)
      const file = join(folder, 'sentinel.conf')
      const lines = [
        ...portLines(port, options).map(([key, value]) => `${key} ${value}`),
        `bind ${host}`,
        `sentinel myid ${id}`,
        `sentinel monitor ${name} ${host} ${primaryPort} 2`,
        `sentinel down-after-milliseconds ${name} 500`,
        `sentinel failover-timeout ${name} 3000`,
        ...(options.secure ? [`sentinel auth-pass ${name} ${serverPassword}`, `requirepass ${sentinelPassword}`] : []),
        ...replicaPorts.map((replica) => `sentinel known-replica ${name} ${host} ${replica}`),
        ...others.map((other) => `sentinel known-sentinel ${name} ${host} ${other.port} ${other.id}`),
      ]
      await writeFile(file, `${lines.join('\n')}\n`)
      return [file, '--sentinel']
    }),
  )
  const topology = { servers: await Promise.all(servers), sentinels: await Promise.all(sentinels) }

  const primary = async () => {
    const [, port] = await firstAnswer(topology.sentinels, (redis) =>
      redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name).then((answer) => answer as [string, string]),
    )
    return memberAt(topology.servers, Number(port))
  }
  const promoted = (former: RedisProcess) =>
    until(async () => {
      const now = await primary()
      return now.port !== former.port && (await ask(now, (redis) => redis.info('replication'))).includes('role:master')
    })

  await until(async () => {
    const replicas = await Promise.all(topology.servers.slice(1).map((one) => ask(one, (redis) => redis.info())))
    const quorums = await Promise.all(
      topology.sentinels.map((one) => ask(one, (redis) => redis.call('SENTINEL', 'CKQUORUM', name))),
    )
    const known = await Promise.all(
      topology.sentinels.map((one) => ask(one, (redis) => redis.call('SENTINEL', 'REPLICAS', name))),
    )
    return (
      replicas.every((info) => info.includes('master_link_status:up')) &&
      quorums.every((answer) => String(answer).startsWith('OK 3')) &&
      known.every((lists) => (lists as string[][]).every((fields) => fields.includes('ok') && fields.includes('slave')))
    )
  })
  return {
    ...topology,
    url: `${scheme(options)}+sentinel://${login(options)}${topology.sentinels.map(({ port }) => `${host}:${port}`).join(',')}/${name}/0`,
    primary,
    promoted,
    async failover() {
      const former = await primary()
      await firstAnswer(topology.sentinels, (redis) => redis.call('SENTINEL', 'FAILOVER', name))
      await promoted(former)
    },
  }
}

/** Starts three primaries and their replicas, all slots served. A node that is silent for a second has failed. */
export async function startCluster(t: Ending, options: TopologyOptions = {}): Promise<ClusterTopology> {
  const members = await Promise.all(
    Array.from({ length: 6 }, async (_, at) => ({
      at,
      id: randomBytes(20).toString('hex'),
      port: await freePort(),
      busPort: await freePort(),
    })),
  )
  // What `redis-cli --cluster create` would arrive at, after seconds of gossip.
  const slots = ['0-5460', '5461-10922', '10923-16383']
  const linesFor = (self: number) => [
    ...members.map(({ at, id, port, busPort }) => {
      const role = at < 3 ? 'master' : 'slave'
      const flags = at === self ? `myself,${role}` : role
      const primary = at < 3 ? '-' : members[at - 3]?.id
      return `${id} ${host}:${port}@${busPort} ${flags} ${primary} 0 0 ${(at % 3) + 1} connected ${slots[at] ?? ''}`.trim()
    }),
    'vars currentEpoch 3 lastVoteEpoch 0',
  ]

  const nodes = await Promise.all(
    members.map(({ at, port, busPort }) =>
      startRedisProcess(t, port, async (folder) => {
        await writeFile(join(folder, 'nodes.conf'), `${linesFor(at).join('\n')}\n`)
        return [
          ...serverArguments(port, options),
          ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '1000'],
          ...(options.secure ? ['--tls-cluster', 'yes'] : []),
          ...['--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0'],
        ]
      }),
    ),
  )

  const ownerOf = async (slot: number) => {
    const ranges = await firstAnswer(nodes, (redis) => redis.cluster('SLOTS'))
    const range = ranges?.find(([first, last]) => first <= slot && slot <= last)
    return memberAt(nodes, range?.[2]?.[1] ?? 0)
  }
  const allServed = async (members: readonly RedisProcess[]) => {
    const infos = await Promise.all(members.map((one) => ask(one, (redis) => redis.cluster('INFO')).catch(() => '')))
    return infos.filter(Boolean).every((info) => String(info).includes('cluster_state:ok'))
  }

  await until(async () => {
    const replicas = await Promise.all(nodes.slice(3).map((one) => ask(one, (redis) => redis.info())))
    return replicas.every((info) => info.includes('master_link_status:up')) && (await allServed(nodes))
  })
  return {
    nodes,
    url: `${scheme(options)}+cluster://${login(options)}${nodes.map(({ port }) => `${host}:${port}`).join(',')}`,
    ownerOf,
    promoted: (slot, former) =>
      until(
        async () => (await ownerOf(slot)).port !== former.port && (await allServed(nodes.filter((n) => n !== former))),
      ),
  }
}

/** Sends commands to this process alone, over a connection of their own. Fails when it does not answer in a second. */
async function ask<Answer>(
  { port }: Pick<RedisProcess, 'port'>,
  commands: (redis: Redis) => Promise<Answer>,
): Promise<Answer> {
  const redis = new Redis(port, host, {
    ...access.get(port),
    retryStrategy: () => null,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1_000,
  })
  redis.on('error', () => {})
  try {
    return await commands(redis)
  } finally {
    redis.disconnect()
  }
}

// How to get into those that are secure, by port.
const access = new Map<number, Pick<RedisOptions, 'password' | 'tls'>>()

function serverArguments(port: number, options: TopologyOptions): readonly string[] {
  const { appendonly = false, args = [], secure = false } = options
  if (secure) access.set(port, { password: serverPassword, tls: { ca: certificate('ca.pem') } })
  return [
    ...portLines(port, options).flatMap(([key, value]) => [`--${key}`, value]),
    ...['--bind', host, '--save', ''],
    ...(appendonly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []),
    ...(secure ? ['--requirepass', serverPassword, '--masterauth', serverPassword] : []),
    ...args,
  ]
}

const scheme = ({ secure = false }: TopologyOptions) => (secure ? 'rediss' : 'redis')
const login = ({ secure = false }: TopologyOptions) => (secure ? `:${encodeURIComponent(serverPassword)}@` : '')

/** Where to listen. */
function portLines(port: number, { secure = false }: TopologyOptions): readonly (readonly [string, string])[] {
  if (!secure) return [['port', String(port)]]
  return [['port', '0'], ['tls-port', String(port)], ['tls-replication', 'yes'], ...tlsFiles]
}

async function firstAnswer<Answer>(
  members: readonly RedisProcess[],
  commands: (redis: Redis) => Promise<Answer>,
): Promise<Answer> {
  let failure: unknown
  for (const member of members) {
    try {
      return await ask(member, commands)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

function memberAt(members: readonly RedisProcess[], port: number): RedisProcess {
  const found = members.find((member) => member.port === port)
  if (found === undefined) throw new Error(`nobody listens on ${port}`)
  return found
}

/** Asks every 50 ms until it holds; what cannot be asked yet does not hold. Gives up after 30 seconds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const givenUp = Date.now() + 30_000
  for (;;) {
    try {
      if (await holds()) return
      if (Date.now() > givenUp) throw new Error('the topology does not come to rest')
    } catch (error) {
      if (Date.now() > givenUp) throw error
    }
    await delay(50)
  }
}
