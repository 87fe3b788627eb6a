import type { Parameters } from 'fast-check'

/** How many times as many runs as usual; `npm run soak` sets it. */
const factor = Number(process.env.FUZZ ?? 1)

/**
 * Settings of a property: so many runs, always the same ones in `npm test`, others each time in a longer search. A
 * failure names the seed and the path to it.
 */
export function runs(usual: number): Parameters<unknown> {
  return { numRuns: usual * factor, ...(factor === 1 && { seed: 1 }) }
}
