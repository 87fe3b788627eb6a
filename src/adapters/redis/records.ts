import type { Redis } from 'ioredis'
import type { ListedRecord, RecordName, RecordStore, UserHash, WriteCondition } from '../../core/ports.ts'
import { setAsideMs } from '../../core/token-set.ts'
import { lifetimeMs, tombstoneMs } from '../lifetimes.ts'
import type { RedisClient } from './client.ts'
import type { RedisInvalidations } from './invalidations.ts'
import type { Keys } from './keys.ts'
import { pairs } from './pairs.ts'
import { type ReadValues, readTogether } from './read-together.ts'
import { headerWord, readRecord } from './record-value.ts'

interface RecordOptions {
  readonly client: Pick<RedisClient, 'ask' | 'ping' | 'nodeOf' | 'isOneServer'>
  readonly keys: Keys
  readonly invalidations: Pick<RedisInvalidations, 'channel' | 'changed'>
  /** Waits until a replica has what was written over this connection; absent: nothing waits. */
  readonly replicated: ((connection: Redis) => Promise<void>) | undefined
  readonly close: () => Promise<void>
}

/**
 * The records of users in Redis. Each change that is made here is told at once; one whose outcome is unknown, by the
 * message of its script.
 */
export function createRecords({
  client: { ask, ping, nodeOf, isOneServer },
  keys,
  invalidations: { channel, changed },
  replicated,
  close,
}: RecordOptions): RecordStore {
  const readValues: ReadValues = (names) => ask((redis) => redis.mgetBuffer([...names]), 'read')
  const readRecords = isOneServer ? readTogether(readValues) : readValues

  /** What nobody can make good is kept safe: a refresh token that replaced another, and that something has ended. */
  async function keepSafe(user: UserHash): Promise<void> {
    const connection = replicated && nodeOf(keys.index(user))
    if (connection !== undefined) await replicated?.(connection)
  }

  return {
    async read(user, names) {
      if (names.length === 0) return []
      const values = await readRecords(names.map((name) => keys.record(user, name)))
      return values.map((value) => (value === null ? undefined : readRecord(value)))
    },

    async write(user, name, { state, mark, reason, body, ttlMs, setsAside = false }, condition) {
      const version = await ask((redis) =>
        redis.toolgateWrite(
          keys.record(user, name),
          keys.index(user),
          channel,
          user,
          name,
          ...conditionWords(condition),
          state,
          headerWord(mark),
          headerWord(reason),
          lifetimeMs(ttlMs),
          setsAside ? setAsideMs : 0,
          Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        ),
      )
      if (version !== null) {
        changed(user)
        if (mark !== '') await keepSafe(user)
      }
      return version ?? undefined
    },

    async touch(user, name, ttlMs) {
      const touched = await ask((redis) => redis.toolgateTouch(keys.index(user), name, lifetimeMs(ttlMs)))
      return touched > 0
    },

    async end(user, names, { reason, orphans }) {
      const ended = await ask((redis) =>
        redis.toolgateEnd(
          keys.index(user),
          channel,
          user,
          headerWord(reason),
          tombstoneMs,
          setAsideMs,
          names.length,
          ...names,
          ...orphans,
        ),
      )
      if (ended.length > 0) {
        changed(user)
        await keepSafe(user)
      }
      return ended as RecordName[]
    },

    async list(user) {
      const reply = await ask((redis) => redis.toolgateList(keys.index(user)), 'read')
      return pairs(reply).map(
        ([name, expiresAt]): ListedRecord => ({
          name: name as RecordName,
          expiresAt: Number(expiresAt),
        }),
      )
    },

    ping,
    close,
  }
}

function conditionWords(condition: WriteCondition): [kind: string, expected: string | number] {
  if ('new' in condition) return ['new', '']
  return 'version' in condition ? ['version', condition.version] : ['mark', headerWord(condition.mark)]
}
