import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from './ending.ts'
import { load } from './load.ts'
import type { Options } from './options.ts'
import type { Stage } from './parts/stage.ts'
import { stop } from './pinned.ts'
import { fileOf, groupOf } from './profile-groups.ts'
import { figure, table } from './report.ts'
import { sessionCookie, startGateway, withoutCache } from './subjects/gateway.ts'
import { createVisitors } from './subjects/sessions.ts'
import { signIn } from './subjects/subject.ts'

/** What `node --cpu-prof` writes, as far as it is read here. Times in microseconds. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

/** The process's own time, per function, while it was loaded. */
type SelfTimes = ReadonlyMap<ProfileNode['callFrame'], number>

const warmUpSeconds = 3
const shown = 40

/** Where the gateway's time goes in one of its rows, `redis` if none is named. Markdown: by group, by file, by function. */
export async function profile(run: Run, stage: Stage, { isQuick, only: [row = 'redis'] }: Options): Promise<string> {
  const store = ['redis', 'rotating', 'uncached'].includes(row) ? 'redis' : 'memory'
  const folder = join(stage.folder, 'profile')
  const node = [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
    '--cpu-prof-interval=250',
    ...(row === 'uncached' ? withoutCache : []),
  ]
  const subject = await startGateway(run, stage, { store, node })
  const visitor = await signIn(subject, sessionCookie)
  const who =
    row === 'rotating'
      ? { cookieFile: (await createVisitors(stage, visitor, 10_000)).file }
      : { cookie: visitor.cookie }
  const path = row === 'public' ? '/public/data' : '/signed/data'
  const wanted = { url: subject.origin + path, connections: 64, ...who }
  await load({ ...wanted, seconds: warmUpSeconds })

  const from = performance.now()
  const { perSecond, requests } = await load({ ...wanted, seconds: isQuick ? 3 : 15 })
  const to = performance.now()
  if (subject.program !== undefined) await stop(subject.program)
  const end = performance.now()

  const [file] = globSync(`${folder}/*.cpuprofile`)
  if (file === undefined) throw new Error(`no profile:\n${subject.program?.output()}`)
  const times = selfTimes(JSON.parse(readFileSync(file, 'utf8')), end - from, end - to)
  return report(times, requests, perSecond)
}

/** Sums samples of the time between two moments before the profile's end, in milliseconds. */
function selfTimes({ nodes, samples, timeDeltas }: CpuProfile, fromMs: number, toMs: number): SelfTimes {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const length = timeDeltas.reduce((sum, delta) => sum + delta, 0)
  const times = new Map<ProfileNode['callFrame'], number>()
  let at = 0
  for (const [i, id] of samples.entries()) {
    const delta = timeDeltas[i] ?? 0
    at += delta
    const beforeEndMs = (length - at) / 1000
    const frame = frames.get(id)
    if (frame === undefined || beforeEndMs > fromMs || beforeEndMs < toMs) continue
    times.set(frame, (times.get(frame) ?? 0) + delta)
  }
  return times
}

function report(times: SelfTimes, requests: number, perSecond: number): string {
  const busy = [...times].filter(([{ functionName }]) => functionName !== '(idle)')
  const total = busy.reduce((sum, [, time]) => sum + time, 0)
  const share = (time: number) => [`${figure((100 * time) / total, 1)} %`, figure(time / requests, 2)]
  const by = (name: (frame: ProfileNode['callFrame']) => string | undefined) => {
    const sums = new Map<string, number>()
    for (const [frame, time] of busy) {
      const key = name(frame)
      if (key !== undefined) sums.set(key, (sums.get(key) ?? 0) + time)
    }
    return [...sums].sort(([, a], [, b]) => b - a)
  }
  const tableOf = (title: string, sums: readonly (readonly [string, number])[]) =>
    table(
      [title, 'self time', 'µs/request'],
      sums.slice(0, shown).map(([name, time]) => [name, ...share(time)]),
    )
  return [
    `${figure(perSecond)} requests/s while profiled, ${figure(total / requests, 1)} µs of each seen.`,
    tableOf('group', by(groupOf)),
    tableOf(
      'file of ours',
      by(({ url }) => fileOf(url)),
    ),
    tableOf('function', by(nameOf)),
  ].join('\n\n')
}

function nameOf({ functionName, url, lineNumber }: ProfileNode['callFrame']): string {
  const place = url.replace(/^.*\/(?=node_modules\/|src\/)/, '').replace('node_modules/', '')
  return `\`${functionName || '(anonymous)'}\`${place === '' ? '' : ` ${place}:${lineNumber + 1}`}`
}
