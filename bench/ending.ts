import type { Ending } from '../test/support/gateway-process.ts'

/** What everything that is started here ends with. */
export interface Run extends Ending {
  /** Ends all of it, what was started last first. */
  readonly end: () => Promise<void>
}

/** Keeps what is to be done at the end, and does it once, also when the run is interrupted. */
export function createRun(): Run {
  const endings: (() => unknown)[] = []

  async function end(): Promise<void> {
    for (let ending = endings.pop(); ending !== undefined; ending = endings.pop()) await ending()
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void end().finally(() => process.exit(1)))
  }
  return { teardown: (ending) => void endings.push(ending), end }
}
