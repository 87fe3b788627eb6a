import type { StoreConnection } from '../../core/store-address.ts'
import { storeAddress } from '../../core/store-address.ts'
import { connectToSentinel } from './connections.ts'

/**
 * Hears from all Sentinels when another server becomes the primary; where there are none, nothing. A former primary takes
 * writes for up to ten seconds more, and they are lost: whoever writes must not wait until it is told by that server.
 */
export function watchSentinels(connection: StoreConnection, onPromoted: () => void): { readonly close: () => void } {
  const { form, nodes, name } = storeAddress(connection.url)
  const sentinels = (form === 'sentinel' ? nodes : []).map((node) => connectToSentinel(connection, node))
  for (const sentinel of sentinels) {
    // One that is away is tried again, and the others tell meanwhile.
    sentinel.on('error', () => {})
    sentinel.on('message', (_channel, message: string) => message.startsWith(`${name} `) && onPromoted())
    sentinel.on('ready', () => sentinel.subscribe('+switch-master').catch(() => {}))
  }
  return {
    close() {
      for (const sentinel of sentinels) sentinel.disconnect()
    },
  }
}
