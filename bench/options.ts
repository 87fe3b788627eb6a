import { parseArgs } from 'node:util'

/** What a run is to do. */
export interface Options {
  readonly rounds: number
  /** How long each row is measured in each round. */
  readonly seconds: number
  /** How long each row is warmed up in each round. */
  readonly warmUpSeconds: number
  readonly isQuick: boolean
  /** Rows of the main table, or `latency`, `bodies`, `connections`. All when empty. */
  readonly only: readonly string[]
  readonly isProfile: boolean
}

export const help = `Usage: npm run bench -- [OPTIONS]

Measures the gateway beside others on this machine and writes bench/RESULTS.md.

  --rounds N         how often each row has its turn (default: 5)
  --seconds N        how long each time (default: 4)
  --quick            one round of one second, to try it; writes nothing
  --only ROW,ROW     these rows only, and of latency, bodies, connections those named; writes nothing
  --profile          where the gateway's time goes, instead of all that; of redis, or --only memory, public, rotating or uncached
  --help             this text

bench/README.md says what the rows are.`

/** Reads the command line. `undefined`: help was asked for. Throws on what it does not know. */
export function optionsOf(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const { quick: isQuick } = values
  return {
    rounds: isQuick ? 1 : positive(values.rounds, '--rounds'),
    seconds: isQuick ? 1 : positive(values.seconds, '--seconds'),
    warmUpSeconds: isQuick ? 1 : 2,
    isQuick,
    only: values.only.split(',').filter(Boolean),
    isProfile: values.profile,
  }
}

function positive(text: string, name: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${name} must be a whole number from 1 on`)
  return Number(text)
}
