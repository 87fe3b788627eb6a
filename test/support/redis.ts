import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { redisServer } from './binaries.ts'
import { certificateFile } from './certificates.ts'
import { freePort } from './free-port.ts'
import type { Ending } from './gateway-process.ts'

interface RedisOptions {
  /** Keeps every write over a restart, also over a kill. */
  readonly appendonly?: boolean
  readonly password?: string
  /** Speaks TLS alone; `mutual` also asks for the client's certificate. */
  readonly tls?: 'server' | 'mutual'
}

/** Settings of a server with the certificate of the tests. */
export const tlsFiles = [
  ['tls-cert-file', certificateFile('server.pem')],
  ['tls-key-file', certificateFile('server.key')],
  ['tls-ca-cert-file', certificateFile('ca.pem')],
  ['tls-auth-clients', 'no'],
] as const

/** A Redis process of this test alone. It ends with the test. */
export interface RedisProcess {
  readonly port: number
  readonly pid: number
  /** Ends it in an orderly way. */
  stop(): Promise<void>
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>
  /** Starts it on the same port and with the same files; stops it first where it runs. */
  restart(): Promise<void>
  /** Takes away its processor (SIGSTOP): its connections stay, nothing is answered. */
  freeze(): void
  /** Lets it go on (SIGCONT). */
  thaw(): void
}

export interface RedisServer extends RedisProcess {
  readonly url: string
}

/** Starts a Redis server on a free port of 127.0.0.1, with a folder of its own. */
export async function startRedis(
  t: Ending,
  { appendonly = false, password, tls }: RedisOptions = {},
): Promise<RedisServer> {
  const port = await freePort()
  const server = await startRedisProcess(t, port, () => [
    ...(tls === undefined ? [] : tlsFiles.flatMap(([key, value]) => [`--${key}`, value])),
    ...(tls === undefined ? ['--port', String(port)] : ['--port', '0', '--tls-port', String(port)]),
    ...(tls === 'mutual' ? ['--tls-auth-clients', 'yes'] : []),
    ...['--bind', '127.0.0.1', '--save', ''],
    ...(appendonly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []),
    ...(password === undefined ? [] : ['--requirepass', password]),
  ])
  const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`
  return Object.assign(server, { url: `${tls === undefined ? 'redis' : 'rediss'}://${login}127.0.0.1:${port}` })
}

/** Starts `redis-server` in a folder of its own, with the arguments that are made for that folder. */
export async function startRedisProcess(
  t: Ending,
  port: number,
  argumentsIn: (folder: string) => readonly string[] | Promise<readonly string[]>,
): Promise<RedisProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'toolgate-redis-'))
  const args = [...(await argumentsIn(folder)), '--dir', folder]
  let child = launch(args)

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill(signal)
    await exited
  }

  const endNow = () => child.kill('SIGKILL')
  running.add(endNow)
  t.teardown(async () => {
    await end('SIGKILL')
    running.delete(endNow)
    await rm(folder, { recursive: true, force: true })
  })

  await ready(child)
  return {
    port,
    get pid() {
      return child.pid ?? 0
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM')
      child = launch(args)
      await ready(child)
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  }
}

// A test that fails or is given up leaves no server behind.
const running = new Set<() => void>()
process.once('exit', () => {
  for (const endNow of running) endNow()
})

function launch(args: readonly string[]): ChildProcess {
  return spawn(redisServer(), args, { stdio: ['ignore', 'pipe', 'ignore'] })
}

/** Waits until the server accepts connections. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (chunk) => {
      output += chunk
      if (/Ready to accept connections|Sentinel ID is/.test(output)) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`redis-server ended before it was ready:\n${output}`)))
  })
}

/** Everything that is stored there. */
export async function storedKeys(url: string): Promise<readonly string[]> {
  const redis = new Redis(url)
  const keys = await redis.keys('*')
  redis.disconnect()
  return keys.sort()
}

/** All that is stored there, with values as text and times to live in milliseconds. */
export async function storedEntries(url: string) {
  const redis = new Redis(url)
  const entries: { readonly name: string; readonly value: string; readonly ttl: number }[] = []
  for (const name of await redis.keys('*')) {
    const isIndex = (await redis.type(name)) === 'zset'
    const value = isIndex
      ? (await redis.zrange(name, '0', '-1')).join('\n')
      : (await redis.getBuffer(name))?.toString('latin1')
    entries.push({ name, value: value ?? '', ttl: await redis.pttl(name) })
  }
  redis.disconnect()
  return entries
}
