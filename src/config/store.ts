import { readFileSync } from 'node:fs'
import type { StoreConnection } from '../core/store-address.ts'
import type { Config } from './schema.ts'

/** How to connect to the Redis of a config; `undefined` for `memory:`. Reads the files that its `tls` names. */
export function storeOf({ store: { url, tls, sentinel } }: Config): StoreConnection | undefined {
  if (url === 'memory:') return undefined
  const pem = (file: string) => readFileSync(file, 'utf8')
  return {
    url,
    tls: {
      ...(tls?.ca && { ca: pem(tls.ca) }),
      ...(tls?.client_cert && { cert: pem(tls.client_cert) }),
      ...(tls?.client_key && { key: pem(tls.client_key) }),
    },
    ...(sentinel && { sentinelLogin: { username: sentinel.username ?? '', password: sentinel.password } }),
  }
}
