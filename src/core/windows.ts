/** How much may happen in any stretch of time. */
export interface Window {
  /** How long until there is room for one more. Milliseconds. */
  waitMs(now: number): number
  take(now: number): void
}

const maxNames = 10_000

/** So many in any stretch of time of this length, and at least one. */
export function createWindow(limit: number, lengthMs: number): Window {
  const most = Math.max(1, Math.floor(limit))
  /** When the last ones were taken, the oldest first. */
  const taken: number[] = []
  return {
    waitMs: (now) => (taken.length < most ? 0 : Math.max(0, (taken[0] ?? 0) + lengthMs - now)),
    take(now) {
      taken.push(now)
      if (taken.length > most) taken.shift()
    },
  }
}

/** A window for each name; those that were asked for longest ago are forgotten. */
export function createWindows(limit: number, lengthMs: number): (name: string) => Window {
  const byName = new Map<string, Window>()

  return (name) => {
    const window = byName.get(name) ?? createWindow(limit, lengthMs)
    byName.delete(name)
    byName.set(name, window)
    for (const oldest of byName.keys()) {
      if (byName.size <= maxNames) break
      byName.delete(oldest)
    }
    return window
  }
}

/** A window for each client address, of IPv6 for each /64 network. */
export function createAddressWindows(limit: number, lengthMs: number): (address: string) => Window {
  const windows = createWindows(limit, lengthMs)
  return (address) => windows(networkOf(address))
}

/** Who counts as one client: an IPv4 address, or the network that one IPv6 customer has to himself. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!plain.includes(':')) return plain
  const [front = [], back] = plain.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = back === undefined ? 0 : 8 - front.length - back.length
  return [...front, ...Array<string>(zeros).fill('0'), ...(back ?? [])].slice(0, 4).join(':')
}
