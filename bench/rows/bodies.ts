import type { Run } from '../ending.ts'
import { load } from '../load.ts'
import type { Options } from '../options.ts'
import type { Stage } from '../parts/stage.ts'
import { forgetPeak, peakMb, residentMb } from '../proc.ts'
import { figure, table } from '../report.ts'
import { median } from '../statistics.ts'
import { sessionCookie, startGateway } from '../subjects/gateway.ts'
import { direct, startBare, startNginxProxy } from '../subjects/plain.ts'
import { type Subject, signIn } from '../subjects/subject.ts'
import { download, firstEvent, type Target, upload } from '../transfer.ts'

/** A subject with an address below it for bodies. */
interface Carrier {
  readonly title: string
  readonly subject: Subject
  readonly to: (path: string) => Target
}

/** What one round showed. Speeds in MB per second, growth of memory in MB, time in milliseconds. */
type Figures = Readonly<Record<'small' | 'down' | 'downMb' | 'up' | 'upMb' | 'slowMb' | 'eventMs', number>>

const large = 100e6
const readers = 8
const readerMbPerSecond = 50

/** Large bodies and streams, through new processes: those of the main table have grown by then. A Markdown table. */
export async function bodiesTable(
  run: Run,
  stage: Stage,
  options: Options,
  say: (line: string) => void,
): Promise<string> {
  const carriers = await startCarriers(run, stage)
  const turns = new Map<Carrier, Figures[]>(carriers.map((carrier) => [carrier, []]))
  for (let round = 1; round <= options.rounds; round++) {
    for (const carrier of carriers) {
      turns.get(carrier)?.push(await figuresOf(carrier, options))
      say(`round ${round}: bodies: ${carrier.title}`)
    }
  }
  const of = (carrier: Carrier, key: keyof Figures) => median((turns.get(carrier) ?? []).map((turn) => turn[key]))
  const most = (carrier: Carrier, key: keyof Figures) =>
    Math.max(...(turns.get(carrier) ?? []).map((turn) => turn[key]))
  return table(
    [
      'bodies',
      '1 MB down, 16 conns, MB/s',
      '100 MB down, MB/s',
      'most RSS added, MB',
      '100 MB up, MB/s',
      'most RSS added, MB',
      `${readers} slow readers of 100 MB: most RSS added, MB`,
      'first event, ms',
    ],
    carriers.map((carrier) => [
      carrier.title,
      figure(of(carrier, 'small')),
      figure(of(carrier, 'down')),
      figure(most(carrier, 'downMb'), 1),
      figure(of(carrier, 'up')),
      figure(most(carrier, 'upMb'), 1),
      figure(most(carrier, 'slowMb'), 1),
      figure(of(carrier, 'eventMs'), 1),
    ]),
  )
}

async function startCarriers(run: Run, stage: Stage): Promise<readonly Carrier[]> {
  const gateway = await startGateway(run, stage, { store: 'memory' })
  const { cookie } = await signIn(gateway, sessionCookie)
  const anonymous = (title: string, subject: Subject): Carrier => ({
    title,
    subject,
    to: (path) => ({ url: `${subject.origin}/public${path}`, cookie: undefined }),
  })
  const { upstream } = stage
  return [
    {
      title: 'the upstream itself',
      subject: direct(stage),
      to: (path) => ({
        url: `${path.startsWith('-tool') ? upstream.tool : upstream.quick}/public${path}`,
        cookie: undefined,
      }),
    },
    {
      title: 'toolgate, signed in',
      subject: gateway,
      to: (path) => ({ url: `${gateway.origin}/signed${path}`, cookie }),
    },
    anonymous('`@fastify/http-proxy`', await startBare(run, stage)),
    anonymous('nginx', await startNginxProxy(run, stage)),
  ]
}

async function figuresOf({ subject, to }: Carrier, { seconds, warmUpSeconds }: Options): Promise<Figures> {
  // Memory must not grow with the size of bodies: as much in those of 1 MB comes first, in both directions.
  const megabyte = { ...to('/1mb'), connections: 16 }
  await load({ ...megabyte, seconds: warmUpSeconds })
  const { bytes, requests, perSecond, errors } = await load({ ...megabyte, seconds })
  if (errors > 0) throw new Error(`${errors} requests failed`)
  const small = ((bytes / requests) * perSecond) / 1e6
  for (let i = 0; i < large / 1e6; i++) await upload(to('-tool/sink'), 1e6)

  const [down, downMb] = await withGrowth(subject, () => download(to('/100mb'), large))
  const [up, upMb] = await withGrowth(subject, () => upload(to('-tool/sink'), large))
  const [, slowMb] = await withGrowth(subject, () =>
    Promise.all(Array.from({ length: readers }, () => download(to('/100mb'), large, readerMbPerSecond))),
  )
  const events: number[] = []
  for (let i = 0; i < 20; i++) events.push(await firstEvent(to('-tool/events')))
  return { small, down, downMb, up, upMb, slowMb, eventMs: median(events) }
}

/** What a task gives, and by how much the subject's memory exceeded meanwhile what it was before. MB. */
async function withGrowth<T>(subject: Subject, task: () => Promise<T>): Promise<readonly [T, number]> {
  const pids = subject.pids()
  forgetPeak(pids)
  const before = residentMb(pids)
  const result = await task()
  return [result, peakMb(pids) - before]
}
