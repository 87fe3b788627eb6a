import type { Endpoint, Fault } from './schema.ts'

/** The faults that are set, first set first used. */
export interface Faults {
  readonly add: (fault: Fault) => void
  /** The fault for one request to this endpoint, counted as used. */
  readonly take: (endpoint: Endpoint) => Fault | undefined
  readonly list: () => Fault[]
  readonly clear: () => void
}

/** No faults yet. */
export function createFaults(): Faults {
  let faults: { readonly fault: Fault; left: number }[] = []
  return {
    add: (fault) => void faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }),
    take: (endpoint) => {
      const next = faults.find(({ fault }) => fault.endpoint === undefined || fault.endpoint === endpoint)
      if (next === undefined) return undefined
      next.left -= 1
      faults = faults.filter(({ left }) => left > 0)
      return next.fault
    },
    list: () => faults.map(({ fault, left }) => (fault.times === undefined ? fault : { ...fault, times: left })),
    clear: () => {
      faults = []
    },
  }
}
