import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cores } from './pinned.ts'

/** What `wrk` is to do. */
export interface Load {
  readonly url: string
  readonly seconds: number
  readonly connections: number
  /** Sent with each request. */
  readonly cookie?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent by POST. */
  readonly body?: string | undefined
  /** A file of cookies instead, one per line, which take turns. */
  readonly cookieFile?: string | undefined
  readonly on?: string
}

/** What it saw. Latencies in milliseconds. */
export interface Loaded {
  readonly requests: number
  readonly perSecond: number
  readonly bytes: number
  readonly p50: number
  readonly p99: number
  /** Connections that broke, answers of status 400 and up. */
  readonly errors: number
}

const run = promisify(execFile)
const script = fileURLToPath(new URL('load.lua', import.meta.url))

/** Sends requests as fast as they are answered, by one thread of wrk. */
export async function load(wanted: Load): Promise<Loaded> {
  const { url, seconds, connections, cookie, cookieFile, headers = {}, body, on = cores.others } = wanted
  const all = { ...headers, ...(cookie !== undefined && { cookie }) }
  const header = Object.entries(all).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', ...header, '-s', script, url]
  const env = { ...process.env, ...(cookieFile && { COOKIES: cookieFile }), ...(body && { BODY: body }) }
  const { stdout } = await run('taskset', ['-c', on, 'wrk', ...args], { env })
  const json = stdout.split('\n').find((line) => line.startsWith('{"requests"'))
  if (json === undefined) throw new Error(`wrk says:\n${stdout}`)
  const { requests, microseconds, bytes, p50, p99, errors } = JSON.parse(json) as Record<string, number>
  return {
    requests: requests ?? 0,
    perSecond: ((requests ?? 0) / (microseconds ?? 1)) * 1e6,
    bytes: bytes ?? 0,
    p50: (p50 ?? 0) / 1000,
    p99: (p99 ?? 0) / 1000,
    errors: errors ?? 0,
  }
}
