import type { RecordName, UserHash } from '../../core/ports.ts'

/** Makes the keys of `docs/storage.md`. The braces put all keys of a user into one slot of a Redis Cluster. */
export interface Keys {
  readonly record: (user: UserHash, name: RecordName) => string
  readonly index: (user: UserHash) => string
  readonly lock: (user: UserHash, name: string) => string
  readonly address: (digest: string) => string
  readonly revocations: () => string
}

/** Keys that start with `prefix`. */
export function createKeys(prefix: string): Keys {
  return {
    record: (user, name) => `${prefix}{${user}}:${name}`,
    index: (user) => `${prefix}{${user}}:u`,
    lock: (user, name) => `${prefix}{${user}}:lock:${name}`,
    address: (digest) => `${prefix}e:${digest}`,
    revocations: () => `${prefix}revocations`,
  }
}

/** The channel on which replicas tell each other whose records changed. */
export function changesChannel(prefix: string): string {
  return `${prefix}changes`
}
