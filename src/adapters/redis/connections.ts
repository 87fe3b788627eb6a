import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { type StoreConnection, type StoreNode, storeAddress } from '../../core/store-address.ts'
import { isOfDatabase } from './outcomes.ts'

/** How long a command may take. Milliseconds. */
export const COMMAND_TIMEOUT_MS = 1_000

/** How often a Cluster is asked who has which slots, unless a node says so before. Milliseconds. */
const SLOTS_EVERY_MS = 3_000

/** How long to wait before the next attempt to connect: longer each time, up to a second, never in step with others. */
export function retryDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** attempt, 1_000) * (0.5 + Math.random() / 2)
}

/** Connects to what holds the data, for ever, from now on. */
export function connectForData(connection: StoreConnection): Redis | Cluster {
  const address = storeAddress(connection.url)
  if (address.form !== 'cluster') {
    const options = {
      ...common(connection),
      ...toPrimary(connection),
      enableOfflineQueue: false,
      retryStrategy: retryDelayMs,
      sentinelRetryStrategy: retryDelayMs,
      // No `failoverDetector`: one that fires in the middle of an attempt to connect ends the client for ever.
      // After a failover the old primary still answers: as a replica, or as one that its replicas have left.
      reconnectOnError: ({ message }: Error) =>
        message.includes('READONLY') || (address.form === 'sentinel' && message.includes('NOREPLICAS')),
    } satisfies RedisOptions
    return insistingOnDatabase(new Redis(options))
  }
  return new Cluster([...address.nodes], {
    redisOptions: common(connection),
    clusterRetryStrategy: retryDelayMs,
    slotsRefreshTimeout: COMMAND_TIMEOUT_MS,
    slotsRefreshInterval: SLOTS_EVERY_MS,
    maxRedirections: 8,
    // A connection that ends leaves open what its commands did.
    retryDelayOnFailover: 0,
    // A certificate bears the name, not the address.
    dnsLookup: (name, found) => found(null, name),
  })
}

/** A connection that is made by `connect()` and not again: to the primary, or to this node of a Cluster. */
export function connectOnce(connection: StoreConnection, node?: StoreNode): Redis {
  return insistingOnDatabase(new Redis({ ...common(connection), ...(node ?? toPrimary(connection)), ...once }))
}

/** A connection to this Sentinel, for ever. */
export function connectToSentinel(connection: StoreConnection, node: StoreNode): Redis {
  const { username = '', password = '' } = connection.sentinelLogin ?? {}
  const retrying = { enableReadyCheck: false, autoResubscribe: false, retryStrategy: retryDelayMs }
  return new Redis({ ...common(connection), ...node, username, password, ...retrying })
}

/** Where its database is refused, ioredis would go on in database 0, among what is others'. */
function insistingOnDatabase(redis: Redis): Redis {
  return redis.on('error', (error) => {
    if (isOfDatabase(error)) redis.disconnect(true)
  })
}

const once = {
  lazyConnect: true,
  enableReadyCheck: false,
  enableOfflineQueue: false,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
} as const satisfies RedisOptions

/** What all connections have in common. */
function common({ url, tls = {} }: StoreConnection) {
  const address = storeAddress(url)
  return {
    // RESP2: of RESP3's pushes ioredis passes on some only, and nothing here needs it.
    protocol: 2,
    username: address.username,
    password: address.password,
    ...(address.tls && { tls }),
    connectTimeout: 2_000,
    disconnectTimeout: 200,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // A peer that says nothing for this long while it owes an answer is gone, whatever TCP believes.
    socketTimeout: 2 * COMMAND_TIMEOUT_MS,
    // No command is sent again when a connection ends: its first outcome is unknown.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
  } as const satisfies RedisOptions
}

function toPrimary({ url, tls = {}, sentinelLogin }: StoreConnection) {
  const { form, nodes, name, database: db, ...address } = storeAddress(url)
  if (form !== 'sentinel') return { ...nodes[0], db }
  return {
    sentinels: [...nodes],
    name,
    db,
    sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
    ...(sentinelLogin && { sentinelUsername: sentinelLogin.username, sentinelPassword: sentinelLogin.password }),
    ...(address.tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
  } satisfies RedisOptions
}
