import { atEndOfTurn } from '../../core/end-of-turn.ts'

/** The values of these keys, in their order; `null` where there is none. */
export type ReadValues = (keys: readonly string[]) => Promise<readonly (Buffer | null)[]>

interface Reading {
  readonly keys: readonly string[]
  readonly resolve: (values: readonly (Buffer | null)[]) => void
  readonly reject: (error: unknown) => void
}

/** A server that is asked for more at once would keep all others waiting. */
const maxTogether = 128

/**
 * Whoever reads in one turn of the event loop reads by one command, and what several want comes once: most of what a read
 * costs is the command's and the transfer's.
 */
export function readTogether(read: ReadValues): ReadValues {
  let waiting: Reading[] = []

  function readAll(): void {
    const readings = waiting
    waiting = []
    for (let at = 0; at < readings.length; at += maxTogether) share(readings.slice(at, at + maxTogether))
  }

  function share(readings: readonly Reading[]): void {
    const places = new Map<string, number>()
    for (const { keys } of readings) {
      for (const key of keys) if (!places.has(key)) places.set(key, places.size)
    }
    read([...places.keys()]).then(
      (values) => {
        for (const { keys, resolve } of readings) resolve(keys.map((key) => values[places.get(key) ?? -1] ?? null))
      },
      (error) => {
        for (const { reject } of readings) reject(error)
      },
    )
  }

  return (keys) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) atEndOfTurn(readAll)
      waiting.push({ keys, resolve, reject })
    })
}
