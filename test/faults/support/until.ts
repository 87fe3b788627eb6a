import { setTimeout } from 'node:timers/promises'

/** Waits until something holds; looks every 50 ms. Throws after 20 s. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const givenUp = performance.now() + 20_000
  while (!(await holds())) {
    if (performance.now() > givenUp) throw new Error(`waited in vain: ${what}`)
    await setTimeout(50)
  }
}
