import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { redisServer } from './binaries.ts'
import type { Ending } from './gateway-process.ts'

interface RedisOptions {
  /** Keeps every write over a restart, also over a kill. */
  readonly appendonly?: boolean
  readonly password?: string
}

/** A Redis server of this test alone. It ends with the test. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Ends it in an orderly way. */
  stop(): Promise<void>
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>
  /** Starts it on the same port and with the same files; stops it first where it runs. */
  restart(): Promise<void>
}

/** Starts a Redis server on a free port of 127.0.0.1, with a folder of its own. */
export async function startRedis(t: Ending, { appendonly = false, password }: RedisOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'toolgate-redis-'))
  const port = await freePort()
  const args = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    ...(appendonly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []),
    ...(password === undefined ? [] : ['--requirepass', password]),
  ]
  let child = launch(args)

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  // A test that fails or is given up leaves no server behind.
  const endAtExit = () => child.kill('SIGKILL')
  process.once('exit', endAtExit)
  t.teardown(async () => {
    await end('SIGKILL')
    process.off('exit', endAtExit)
    await rm(folder, { recursive: true, force: true })
  })

  await ready(child)
  return {
    url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
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
  }
}

function launch(args: readonly string[]): ChildProcess {
  return spawn(redisServer(), args, { stdio: ['ignore', 'pipe', 'ignore'] })
}

/** Waits until the server accepts connections. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (chunk) => {
      output += chunk
      if (output.includes('Ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`redis-server ended before it was ready:\n${output}`)))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Everything that is stored there. */
export async function storedKeys(url: string): Promise<readonly string[]> {
  const redis = new Redis(url)
  const keys = await redis.keys('*')
  redis.disconnect()
  return keys.sort()
}
