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

/** Whoever reads in one turn of the event loop reads by one command: most of what a read costs is the command's. */
export function readTogether(read: ReadValues): ReadValues {
  let waiting: Reading[] = []

  function readAll(): void {
    const readings = waiting
    waiting = []
    for (let at = 0; at < readings.length; at += maxTogether) share(readings.slice(at, at + maxTogether))
  }

  function share(readings: readonly Reading[]): void {
    read(readings.flatMap(({ keys }) => keys)).then(
      (values) => {
        let at = 0
        for (const { keys, resolve } of readings) {
          resolve(values.slice(at, at + keys.length))
          at += keys.length
        }
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
