import type { Run } from './ending.ts'
import { load } from './load.ts'
import type { Options } from './options.ts'
import type { Stage } from './parts/stage.ts'
import { stolen } from './proc.ts'
import { figure } from './report.ts'
import { bodiesTable } from './rows/bodies.ts'
import { connectionsTable } from './rows/connections.ts'
import { latencyTable } from './rows/latency.ts'
import { type Measured, measureRows } from './rows/measure.ts'
import { isLeftOut, type LeftOut, type Row } from './rows/row.ts'
import { preparations } from './rows/rows.ts'
import { mainTable, promises } from './rows/table.ts'

type Say = (line: string) => void

/** Those whose latency is compared, ours first. */
const timed = ['redis', 'nginx', 'openidc']
const parts = ['latency', 'bodies', 'connections']

/** Measures all that is asked for. Paragraphs of Markdown. */
export async function results(run: Run, stage: Stage, options: Options, say: Say): Promise<readonly string[]> {
  const known = [...preparations.flatMap(({ ids }) => ids), ...parts]
  const unknown = options.only.filter((id) => !known.includes(id))
  if (unknown.length > 0) throw new Error(`no row ${unknown.join(', ')}; there are ${known.join(', ')}`)
  const isWanted = (id: string) => options.only.length === 0 || options.only.includes(id)
  const before = stolen()

  const prepared = await prepare(run, stage, (id) => isWanted(id) || (isWanted('latency') && timed.includes(id)))
  const rows = prepared.filter((row): row is Row => !isLeftOut(row))
  const measured = await measureRows(
    rows.filter(({ id }) => isWanted(id)),
    options,
    say,
  )
  const leftOut = prepared.filter(isLeftOut).filter(({ id }) => isWanted(id))
  const text = measured.length > 0 ? ['## Requests', mainTable(measured, leftOut), promises(measured)] : []
  if (isWanted('latency')) {
    const compared = timed.flatMap((id) => rows.find((row) => row.id === id) ?? [])
    text.push('## Latency', await latencyTable(compared, saturationFrom(measured), options, stage.folder, say))
  }
  if (isWanted('bodies')) text.push('## Bodies and streams', await bodiesTable(run, stage, options, say))
  if (isWanted('connections')) text.push('## Connections', await connectionsTable(run, stage, options))

  const after = stolen()
  const share = (100 * (after.steal - before.steal)) / (after.total - before.total)
  return [`Time that the host took from this machine meanwhile: ${figure(share, 1)} %.`, ...text]
}

async function prepare(run: Run, stage: Stage, isNeeded: (id: string) => boolean) {
  const prepared: (Row | LeftOut)[] = []
  for (const { ids, prepare } of preparations) {
    if (ids.some(isNeeded)) prepared.push(...(await prepare(run, stage)).filter(({ id }) => isNeeded(id)))
  }
  return prepared
}

/** A row's requests per second as the main table has them, or as found out now. */
function saturationFrom(measured: readonly Measured[]) {
  return async (row: Row) => {
    const known = measured.find((one) => one.row === row && one.voidBecause === undefined)
    if (known !== undefined) return known.perSecond
    const { subject, path, cookie } = row
    const wanted = { url: subject.origin + path, connections: 64, cookie }
    await load({ ...wanted, seconds: 1 })
    return (await load({ ...wanted, seconds: 2 })).perSecond
  }
}
