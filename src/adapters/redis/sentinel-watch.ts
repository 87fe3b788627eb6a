import { type StoreConnection, storeAddress } from '../../core/store-address.ts'
import { connectToSentinel } from './connections.ts'

/**
 * Hears from each Sentinel when it knows of another primary, with the address of that one; where there are none, nothing.
 * A former primary takes writes for up to ten seconds more, and they are lost: whoever writes must not wait until it is
 * told by that server.
 */
export function watchSentinels(
  connection: StoreConnection,
  onPromoted: (host: string, port: number) => void,
): { readonly close: () => void } {
  const { form, nodes, name } = storeAddress(connection.url)
  const sentinels = (form === 'sentinel' ? nodes : []).map((node) => connectToSentinel(connection, node))
  for (const sentinel of sentinels) {
    // One that is away is tried again, and the others tell meanwhile.
    sentinel.on('error', () => {})
    sentinel.on('message', (_channel, message: string) => {
      const [of, _formerHost, _formerPort, host = '', port] = message.split(' ')
      if (of === name) onPromoted(host, Number(port))
    })
    sentinel.on('ready', () => sentinel.subscribe('+switch-master').catch(() => {}))
  }
  return {
    close() {
      for (const sentinel of sentinels) sentinel.disconnect()
    },
  }
}
