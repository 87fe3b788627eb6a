import { Cluster, type Redis } from 'ioredis'
import { UnreadableRecord } from '../../core/errors.ts'
import type { AllRecords, FoundRecord, RecordName, StoredRecord } from '../../core/ports.ts'
import type { StoreConnection } from '../../core/store-address.ts'
import { createRedis, type RedisClient } from './client.ts'
import { createKeys } from './keys.ts'
import { readRecord } from './record-value.ts'

/** How many keys Redis looks at in one step; nobody else is answered meanwhile. */
const keysPerStep = 250
/** Every sealing ends in an authentication tag of its own. */
const tagBytes = 16

/** Goes through everything below a prefix, over a connection of its own, on every primary. */
export function createAllRecords(connection: StoreConnection, keyPrefix: string): AllRecords {
  const { ask, close } = createRedis(connection)
  const keys = createKeys(keyPrefix)
  // The config lets no other character into a prefix that stands for something else here.
  const match = `${keyPrefix.replaceAll('\\', '\\\\')}*`

  async function found(key: string): Promise<readonly FoundRecord[]> {
    const place = placeIn(key.slice(keyPrefix.length))
    const value = place && (await ask((redis) => redis.getBuffer(key)))
    return value ? [{ ...place, record: recordOf(value) }] : []
  }

  return {
    async *pages() {
      for (const primary of await primariesOf(ask)) {
        let cursor = '0'
        do {
          const page = await ask(() => primary.scan(cursor, 'MATCH', match, 'COUNT', keysPerStep, 'TYPE', 'string'))
          yield (await Promise.all(page[1].map(found))).flat()
          cursor = page[0]
        } while (cursor !== '0')
      }
    },

    async replaceBody({ user, name }, body, by) {
      const tag = bytes(body).subarray(-tagBytes)
      return (await ask((redis) => redis.toolgateReplaceBody(keys.record(user, name), tag, bytes(by)))) === 1
    },

    close,
  }
}

async function primariesOf(ask: RedisClient['ask']): Promise<readonly Redis[]> {
  return ask(async (redis) => (redis instanceof Cluster ? redis.nodes('master') : [redis]))
}

/** Locks and indices are no records. */
function placeIn(key: string): Pick<FoundRecord, 'user' | 'name'> | undefined {
  const [, user, name] = /^\{([^}]+)\}:([^:]+:.+)$/.exec(key) ?? []
  if (user === undefined || name === undefined || name.startsWith('lock:')) return undefined
  return { user, name: name as RecordName }
}

function recordOf(value: Buffer): StoredRecord | undefined {
  try {
    return readRecord(value)
  } catch (error) {
    if (error instanceof UnreadableRecord) return undefined
    throw error
  }
}

function bytes({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
