import type { Redis } from 'ioredis'
import type { StoreOutcome } from '../../core/check/store.ts'
import { type StoreConnection, storeAddress } from '../../core/store-address.ts'
import { networkFailure } from '../network-failure.ts'
import { connectOnce, connectToSentinel } from './connections.ts'
import { changesChannel } from './keys.ts'
import { isOfDatabase, reasonOf } from './outcomes.ts'
import { lackingRights } from './rights.ts'

/**
 * Asks a Redis what it is, over a connection of its own that is closed again: the server, the primary that Sentinels
 * name, or one node of a Cluster. Stores nothing. Never throws.
 */
export async function inspectRedis(
  connection: StoreConnection,
  keyPrefix: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<StoreOutcome> {
  const { form, nodes } = storeAddress(connection.url)
  let outcome: StoreOutcome = { failure: 'not_asked', code: '' }
  // Any node of a Cluster can tell of all.
  for (const node of form === 'cluster' ? nodes : [undefined]) {
    outcome = await inspectOne(connectOnce(connection, node), keyPrefix, signal)
    if (!('failure' in outcome)) break
  }
  return form === 'sentinel' && 'info' in outcome ? { ...outcome, quorum: await askForQuorum(connection) } : outcome
}

/** What the first Sentinel that will tell says of the others; empty when none does. */
async function askForQuorum(connection: StoreConnection): Promise<string> {
  const { nodes, name } = storeAddress(connection.url)
  for (const node of nodes) {
    const sentinel = connectToSentinel(connection, node)
    sentinel.on('error', () => {})
    try {
      return String(await sentinel.call('SENTINEL', 'CKQUORUM', name))
    } catch (error) {
      if (replyCode(error) === 'NOQUORUM') return reasonOf(error)
    } finally {
      sentinel.disconnect()
    }
  }
  return ''
}

async function inspectOne(redis: Redis, keyPrefix: string, signal: AbortSignal): Promise<StoreOutcome> {
  let trouble: unknown
  let sentinels: string | undefined
  redis.on('sentinelError', (error) => {
    sentinels = reasonOf(error)
  })
  redis.on('error', (error) => {
    trouble = error
  })
  const stop = () => redis.disconnect()
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    await redis.connect()
    const info = await unlessForbidden(() => redis.info())
    if (info === undefined) await redis.ping()
    const save = await unlessForbidden(async () => (await redis.config('GET', 'save')) as string[])
    const fields = info === undefined ? undefined : fieldsOf(info)
    const cluster = fields?.cluster_enabled === '1' ? await unlessForbidden(() => redis.cluster('INFO')) : undefined
    const lacking = await unlessForbidden(() => lackingRights(redis, keyPrefix), ['EVAL'])
    const channel = changesChannel(keyPrefix)
    // Heard by gateways, and nothing to them.
    const published = await unlessForbidden(() => redis.publish(channel, '?check'))
    const subscribed = await unlessForbidden(() => redis.subscribe(channel))
    return {
      info: fields,
      save: save?.[1],
      cluster: cluster === undefined ? undefined : fieldsOf(String(cluster)),
      mayTell: published !== undefined && subscribed !== undefined,
      lacking,
    }
  } catch (error) {
    if (signal.aborted) return { failure: 'not_asked', code: '' }
    if (sentinels !== undefined) return { sentinels }
    if (isOfDatabase(trouble)) return { refusedDatabase: redis.options.db ?? 0 }
    const refusal = replyCode(error) ?? replyCode(trouble)
    return refusal === undefined ? networkFailure(trouble ?? error) : { refusal }
  } finally {
    signal.removeEventListener('abort', stop)
    redis.disconnect()
  }
}

/** `forbidden` when this user may not run the command; `undefined` when the service has taken it away. */
async function unlessForbidden<Answer>(
  command: () => Promise<Answer>,
  forbidden?: Answer,
): Promise<Answer | undefined> {
  try {
    return await command()
  } catch (error) {
    const code = replyCode(error)
    if (code === 'NOPERM') return forbidden
    if (code === 'ERR') return undefined
    throw error
  }
}

/** The first word of an error that Redis replied; the rest may repeat what was sent. */
function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined
  return /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR'
}

function fieldsOf(info: string): Record<string, string> {
  return Object.fromEntries(
    info.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':')
      return at < 0 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    }),
  )
}
