import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname, join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/schema.ts'
import { CommandError } from './run.ts'

/** What a worker is sent first; the one thing it is sent after that is `stop`. */
export interface Assignment {
  readonly number: number
  readonly config: Config
}

/** What a worker says: that it listens, or why it cannot. */
export type Report = 'serves' | { readonly failed: string }

/** One worker, or the one that came in its place. */
export interface KeptWorker {
  /** Resolves once it serves. Rejects with CommandError when it cannot even start. */
  readonly started: Promise<void>
  readonly isServing: () => boolean
  /** Lets it finish what runs. Resolves when it is gone; no other comes. */
  readonly stop: () => Promise<void>
}

/** One that served this long did not die of how it was started. Milliseconds, as the next two. */
const soundMs = 60_000
const firstDelayMs = 1_000
const mostDelayMs = 30_000

const program = join(import.meta.dirname, `worker${extname(import.meta.filename)}`)

/**
 * Runs a worker, and another whenever it dies: the first time at once, then after 1, 2, 4 … 30 seconds, until one has
 * served for a minute. Each death is one line of the log.
 */
export function keepWorker(assignment: Assignment, logger: FastifyBaseLogger): KeptWorker {
  const log = logger.child({ worker: assignment.number })
  const started = Promise.withResolvers<void>()
  const stopped = Promise.withResolvers<void>()
  let child: ChildProcess | undefined
  let servesSince: number | undefined
  let hasServed = false
  let isStopping = false
  let nextDelayMs = 0
  let restart: NodeJS.Timeout | undefined

  async function run(): Promise<void> {
    // Structured clones, so that keys stay bytes.
    const worker = fork(program, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let failure: string | undefined
    child = worker
    worker.on('message', (report: Report) => {
      if (report === 'serves') serves()
      else failure = report.failed
    })
    send(assignment)
    // `close`, not `exit`: by then all it said was heard.
    const end = await once(worker, 'close').then(
      ([code, signal]) => signal ?? `exit code ${code}`,
      (error: Error) => error.message,
    )
    ended(failure ?? end, worker.pid)
  }

  /** Whoever cannot hear it any more is about to end, which is heard of anyway. */
  function send(message: Assignment | 'stop'): void {
    child?.send(message, () => undefined)
  }

  function serves(): void {
    servesSince = Date.now()
    hasServed = true
    started.resolve()
  }

  function ended(reason: string, pid: number | undefined): void {
    const servedMs = servesSince === undefined ? 0 : Date.now() - servesSince
    child = undefined
    servesSince = undefined
    if (isStopping) stopped.resolve()
    else if (!hasServed) started.reject(new CommandError(reason))
    else replace(reason, pid, servedMs < soundMs ? nextDelayMs : 0)
  }

  function replace(reason: string, pid: number | undefined, delayMs: number): void {
    nextDelayMs = Math.min(Math.max(firstDelayMs, 2 * delayMs), mostDelayMs)
    restart = setTimeout(run, delayMs)
    const when = delayMs > 0 ? `in ${delayMs / 1000} s` : 'now'
    log.error({ worker_pid: pid, reason }, `worker ended, another starts ${when}`)
  }

  void run()
  return {
    started: started.promise,
    isServing: () => servesSince !== undefined,
    stop() {
      isStopping = true
      clearTimeout(restart)
      if (child === undefined) stopped.resolve()
      else if (servesSince === undefined) child.kill('SIGKILL')
      else send('stop')
      return stopped.promise
    },
  }
}
