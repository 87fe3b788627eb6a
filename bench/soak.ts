// Mixed load for a long time: does the gateway's memory keep to what it was? `npm run soak` runs it.
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createRun, type Run } from './ending.ts'
import { type Kind, mixedLoad } from './mixed-load.ts'
import { startStage } from './parts/stage.ts'
import { pinOurselves } from './pinned.ts'
import { residentMb } from './proc.ts'
import { figure, table } from './report.ts'
import { median } from './statistics.ts'
import { startGateway } from './subjects/gateway.ts'

/**
 * Memory is compared over this long, around minute 2 and at the end: it goes up until the collector comes, which is once
 * in a minute or two, and down again. Seconds.
 */
const windowSeconds = 120
const settledSeconds = 120
const allowed = 0.1

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
const run = createRun()
try {
  pinOurselves()
  process.exitCode = await soak(run, Number(values.minutes) * 60)
} finally {
  await run.end()
}

/** Runs the load and looks at the memory each second. Gives the exit code. */
async function soak(run: Run, seconds: number): Promise<number> {
  if (!(seconds >= settledSeconds + windowSeconds)) throw new Error('--minutes must be at least 4')
  const stage = await startStage(run)
  await stage.changeClient({ access_token: '90s' })
  const gateway = await startGateway(run, stage, { store: 'redis' })
  const stop = new AbortController()
  const load = mixedLoad(gateway, stop.signal)
  run.teardown(() => stop.abort())

  const samples: number[] = []
  for (let second = 0; second < seconds; second++) {
    await setTimeout(1000)
    samples.push(residentMb(gateway.pids()))
    if (second % 30 === 29) console.error(`${second + 1} s: ${figure(samples.at(-1), 1)} MB`)
  }
  stop.abort()
  const kinds = await load

  const half = windowSeconds / 2
  const then = median(samples.slice(settledSeconds - half, settledSeconds + half))
  const now = median(samples.slice(-windowSeconds))
  const growth = now / then - 1
  console.log(table(['kind', 'done', 'strange'], kinds.map(rowOf)))
  console.log(`\n${figure(then, 1)} MB at minute 2, ${figure(now, 1)} MB at the end: ${figure(growth * 100, 1)} %.`)
  const isStrange = kinds.some(({ strange }) => strange.length > 0)
  return growth <= allowed && !isStrange ? 0 : 1
}

function rowOf({ name, done, strange }: Kind): readonly string[] {
  return [name, figure(done), strange.length === 0 ? '' : `${strange.length}: ${strange[0]}`]
}
