import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { buildConnector, Pool } from 'undici'
import { stringify } from 'yaml'
import { freePort } from '../../support/free-port.ts'
import type { ConfigPatch } from '../../support/stack.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { until } from './until.ts'

/** One gateway process of several behind one public URL. It ends with the test. */
export interface Replica {
  readonly port: number
  /** Sends what is meant for the public URL to this replica. */
  readonly pool: Pool
  /** On its way to Redis; where the store is a single one. */
  readonly store: FaultProxy
  /** On its way to the provider's token endpoint. */
  readonly provider: FaultProxy
  readonly isUp: () => boolean
  /** The file of its config. */
  readonly file: string
  /**
   * Starts it, again too, and waits until it is ready. With these keys over those of its config; by the `replica.ts` of
   * another release.
   */
  readonly start: (patch?: ConfigPatch, release?: string) => Promise<void>
  readonly kill: () => Promise<void>
  /** SIGTERM, as a rolling restart does. */
  readonly stop: () => Promise<void>
  readonly freeze: () => void
  readonly thaw: () => void
  /** Sets how far its clock is ahead. Milliseconds. */
  readonly setClock: (ahead: number) => Promise<void>
  /** How many lines of its log match. */
  readonly said: (pattern: RegExp) => number
}

interface ReplicaOptions {
  readonly yaml: ConfigPatch & { readonly public_url: string }
  /** The provider's token endpoint as it is. */
  readonly tokenEndpoint: string
  /** The port of a single Redis; else the config's `store` is used as it is. */
  readonly redisPort?: number | undefined
}

const entry = fileURLToPath(new URL('replica.ts', import.meta.url))

/** Makes a replica with ports and proxies of its own. It is not started yet. */
export async function createReplica(t: Test, { yaml, tokenEndpoint, redisPort }: ReplicaOptions): Promise<Replica> {
  const [listen, admin] = [await freePort(), await freePort()]
  const store = await startFaultProxy(t, redisPort ?? 1)
  const provider = await startFaultProxy(t, Number(new URL(tokenEndpoint).port))
  const connector = buildConnector({})
  const pool = new Pool(yaml.public_url, {
    connections: 256,
    connect: (options, done) => connector({ ...options, hostname: '127.0.0.1', port: String(listen) }, done),
  })
  const config = {
    ...yaml,
    listen: { host: '127.0.0.1', port: listen },
    admin: { host: '127.0.0.1', port: admin },
    ...(redisPort !== undefined && { store: { ...Object(yaml.store), url: `redis://127.0.0.1:${store.port}` } }),
    providers: onTheWay(yaml.providers, `http://127.0.0.1:${provider.port}${new URL(tokenEndpoint).pathname}`),
  }
  const file = join(t.testdir({}), `${listen}.yaml`)
  let child: ChildProcess | undefined
  let ahead = 0
  const lines: string[] = []

  async function start(patch: ConfigPatch = {}, release = entry): Promise<void> {
    await writeFile(file, stringify({ ...config, ...patch }))
    // The runner has every process load what it records; this is to run as `toolgate serve` does.
    const { NODE_OPTIONS: _, ...env } = process.env
    const started = fork(release, [file, String(ahead)], {
      env,
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n')))
    }
    const ended = once(started, 'exit').then(() => {
      throw new Error(`the replica ended:\n${lines.slice(-20).join('\n')}`)
    })
    await Promise.race([once(started, 'message'), ended])
    ended.catch(() => undefined)
    // Balancers send nothing before that.
    await until('the replica to be ready', async () => (await fetch(`http://127.0.0.1:${admin}/readyz`)).ok)
    child = started
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null) return
    const ended = once(ending, 'exit')
    ending.kill(signal)
    await ended
  }

  t.teardown(async () => {
    await end('SIGKILL')
    await pool.destroy()
  })
  return {
    port: listen,
    pool,
    store,
    provider,
    file,
    isUp: () => child !== undefined,
    start,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async setClock(ms) {
      ahead = ms
      if (child === undefined) return
      const moved = once(child, 'message')
      child.send(ms)
      await moved
    },
    said: (pattern) => lines.filter((line) => pattern.test(line)).length,
  }
}

/** The providers of a config, the calls to the token endpoint led through a proxy. */
function onTheWay(providers: unknown, token_endpoint: string): ConfigPatch {
  const entries = Object.entries(Object(providers) as Record<string, ConfigPatch>)
  return Object.fromEntries(entries.map(([name, provider]) => [name, { ...provider, token_endpoint }]))
}
