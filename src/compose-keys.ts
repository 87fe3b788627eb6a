import { createKeyring } from './adapters/keyring.ts'
import type { Config } from './config/schema.ts'
import { type Rotation, rotateKeys } from './core/rotate-keys.ts'

/** Seals all records of this config's Redis anew, and gives the totals so far after every step. */
export async function* rotateStoredKeys({ store, encryption_keys: keys }: Config): AsyncGenerator<Rotation, void> {
  const { createAllRecords } = await import('./adapters/redis/all-records.ts')
  const all = createAllRecords({ url: store.url, keyPrefix: store.key_prefix })
  try {
    yield* rotateKeys(all, createKeyring(keys))
  } finally {
    await all.close()
  }
}
