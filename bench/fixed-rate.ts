import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cores } from './pinned.ts'
import { percentile } from './statistics.ts'

/** What `h2load` is to do. */
export interface FixedRate {
  readonly url: string
  readonly perSecond: number
  readonly seconds: number
  readonly cookie: string | undefined
  /** For its log. */
  readonly folder: string
}

/** What it saw. Latencies in milliseconds. */
export interface Timed {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

const run = promisify(execFile)

/**
 * h2load wakes all its clients at once, every 10 ms, so one process would send 64 requests in a burst and measure the
 * queue they make. Eight, started a little apart, spread them.
 */
const processes = 8
const clients = 8
const apartMs = 11.25
const warmUpSeconds = 1

/** Sends requests over 64 connections at a fixed rate. Throws when one is not answered with 200. */
export async function atFixedRate({ url, perSecond, seconds, cookie, folder }: FixedRate): Promise<Timed> {
  const logs = Array.from({ length: processes }, (_, i) => join(folder, `h2load-${i}.log`))
  const header = cookie === undefined ? [] : ['-H', `cookie: ${cookie}`]
  const rate = Math.max(1, Math.round(perSecond / processes / clients))
  const time = [`-D${seconds}`, `--warm-up-time=${warmUpSeconds}`, `--rps=${rate}`]
  await Promise.all(
    logs.map(async (log, i) => {
      await setTimeout(i * apartMs)
      const args = ['-c', cores.others, 'h2load', '--h1', '-t1', `-c${clients}`, ...time, ...header]
      await run('taskset', [...args, `--log-file=${log}`, url])
    }),
  )
  return timesOf(logs)
}

/** From lines of start in µs, status, duration in µs; h2load leaves out those of the warm-up. */
function timesOf(logs: readonly string[]): Timed {
  const lines = logs.flatMap((log) => readFileSync(log, 'utf8').trim().split('\n'))
  const entries = lines.map((line) => line.split('\t').map(Number))
  const strange = entries.filter(([, status]) => status !== 200).length
  if (strange > 0) throw new Error(`${strange} of ${entries.length} requests failed`)
  const starts = Float64Array.from(entries, ([start = 0]) => start).sort()
  const times = Float64Array.from(entries, ([, , duration = 0]) => duration / 1000).sort()
  return {
    perSecond: times.length / (((starts.at(-1) ?? 0) - (starts[0] ?? 0)) / 1e6),
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  }
}
