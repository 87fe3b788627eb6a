import { createKeyring } from '../adapters/keyring.ts'
import type { Config } from '../config/schema.ts'
import { storeOf } from '../config/store.ts'
import { type Rotation, rotateKeys } from '../core/rotate-keys.ts'

/** Seals all records of this config's Redis anew, and gives the totals so far after every step. */
export async function* rotateStoredKeys(config: Config): AsyncGenerator<Rotation, void> {
  const connection = storeOf(config)
  if (connection === undefined) return
  const { createAllRecords } = await import('../adapters/redis/all-records.ts')
  const all = createAllRecords(connection, config.store.key_prefix)
  try {
    yield* rotateKeys(all, createKeyring(config.encryption_keys))
  } finally {
    await all.close()
  }
}
