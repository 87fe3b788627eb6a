import { type Loaded, load } from '../load.ts'
import type { Options } from '../options.ts'
import { dataBytes } from '../parts/upstream.ts'
import { cpuSeconds } from '../proc.ts'
import { median, range } from '../statistics.ts'
import type { Row } from './row.ts'

/** A row's turn in one round. */
interface Turn extends Loaded {
  readonly cpuMicroseconds: number
}

/** A row's medians over all rounds. */
export interface Measured {
  readonly row: Row
  readonly rounds: number
  readonly perSecond: number
  readonly perSecondRange: readonly [number, number]
  /** CPU time of all the subject's processes for one request. */
  readonly cpuMicroseconds: number
  /** At saturation, in milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Why its figures mean nothing. */
  readonly voidBecause: string | undefined
}

const connections = 64

/** Measures all rows, in turn, round after round. A row that fails once is void and has no more turns. */
export async function measureRows(
  rows: readonly Row[],
  { rounds, seconds, warmUpSeconds }: Options,
  say: (line: string) => void,
): Promise<readonly Measured[]> {
  const turns = new Map<Row, Turn[]>(rows.map((row) => [row, []]))
  const failures = new Map<Row, string>()
  for (let round = 1; round <= rounds; round++) {
    for (const row of rows) {
      if (failures.has(row)) continue
      try {
        const turn = await turnOf(row, seconds, warmUpSeconds)
        turns.get(row)?.push(turn)
        say(`round ${round}: ${row.title}: ${Math.round(turn.perSecond)} requests/s`)
      } catch (error) {
        failures.set(row, error instanceof Error ? error.message : String(error))
        say(`round ${round}: ${row.title}: void: ${failures.get(row)}`)
      }
    }
  }
  return rows.map((row) => summary(row, turns.get(row) ?? [], failures.get(row)))
}

/** Throws unless the upstream saw the right bearer before and after, and gave each answer itself. */
async function turnOf(row: Row, seconds: number, warmUpSeconds: number) {
  const { subject, path, cookie, cookieFile, headers, body, on, check } = row
  const sent = { cookie, cookieFile, headers, body }
  const wanted = { url: subject.origin + path, connections, ...sent, ...(on !== undefined && { on }) }
  await check()
  await load({ ...wanted, seconds: warmUpSeconds })
  const pids = subject.pids()
  const before = cpuSeconds(pids)
  const loaded = await load({ ...wanted, seconds })
  const used = cpuSeconds(pids) - before
  await check()
  // mod_proxy meets a connection now and then that the upstream has just closed.
  if (loaded.errors > loaded.requests / 1000) throw new Error(`${loaded.errors} requests failed`)
  // wrk takes a redirect for a success.
  if (loaded.bytes / loaded.requests < dataBytes) throw new Error('not all answers had the body')
  return { ...loaded, cpuMicroseconds: (used / loaded.requests) * 1e6 }
}

function summary(row: Row, turns: readonly Turn[], voidBecause: string | undefined): Measured {
  const of = (key: keyof Turn) => median(turns.map((turn) => turn[key]))
  return {
    row,
    rounds: turns.length,
    perSecond: of('perSecond'),
    perSecondRange: range(turns.map(({ perSecond }) => perSecond)),
    cpuMicroseconds: of('cpuMicroseconds'),
    p50: of('p50'),
    p99: of('p99'),
    voidBecause,
  }
}
