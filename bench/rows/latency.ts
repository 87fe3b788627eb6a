import { atFixedRate, type Timed } from '../fixed-rate.ts'
import type { Options } from '../options.ts'
import { figure, table } from '../report.ts'
import { median } from '../statistics.ts'
import type { Row } from './row.ts'

/** A row at a rate of its own. */
interface Paced {
  readonly row: Row
  readonly perSecond: number
}

/**
 * Latency at a rate that is no strain: the gateway and nginx at half of the gateway's saturation, mod_auth_openidc at
 * half of its own. `saturation` gives a row's requests per second. A Markdown table.
 */
export async function latencyTable(
  rows: readonly Row[],
  saturation: (row: Row) => Promise<number>,
  { rounds, seconds }: Options,
  folder: string,
  say: (line: string) => void,
): Promise<string> {
  const paced = await paces(rows, saturation)
  const turns = new Map<Paced, Timed[]>(paced.map((one) => [one, []]))
  const notes: string[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const one of paced) {
      const { row, perSecond } = one
      try {
        await row.check()
        const url = row.subject.origin + row.path
        const timed = await atFixedRate({ url, perSecond, seconds, cookie: row.cookie, folder })
        await row.check()
        turns.get(one)?.push(timed)
        say(`round ${round}: ${row.title} at ${Math.round(timed.perSecond)}/s: p99 ${timed.p99.toFixed(2)} ms`)
      } catch (error) {
        notes.push(`- void: ${row.title}, round ${round}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  return [tableOf(paced, turns), notes.join('\n')].filter(Boolean).join('\n\n')
}

/** The first row is ours. */
async function paces(rows: readonly Row[], saturation: (row: Row) => Promise<number>): Promise<readonly Paced[]> {
  const [ours] = rows
  if (ours === undefined) return []
  const half = (await saturation(ours)) / 2
  const paced: Paced[] = []
  for (const row of rows) paced.push({ row, perSecond: row.id === 'openidc' ? (await saturation(row)) / 2 : half })
  return paced
}

function tableOf(paced: readonly Paced[], turns: ReadonlyMap<Paced, readonly Timed[]>): string {
  const of = (one: Paced, key: keyof Timed) => median((turns.get(one) ?? []).map((timed) => timed[key]))
  const nginx = paced.find(({ row }) => row.id === 'nginx')
  const ratio = (one: Paced, key: keyof Timed) => (nginx === undefined ? undefined : of(one, key) / of(nginx, key))
  return table(
    ['64 connections at a fixed rate', 'requests/s', 'p50 ms', 'p99 ms', 'p50 / nginx', 'p99 / nginx'],
    paced.map((one) => [
      one.row.title,
      figure(of(one, 'perSecond')),
      figure(of(one, 'p50'), 2),
      figure(of(one, 'p99'), 2),
      figure(ratio(one, 'p50'), 2),
      figure(ratio(one, 'p99'), 2),
    ]),
  )
}
