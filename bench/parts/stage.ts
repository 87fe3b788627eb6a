import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadLocalCognitoConfig } from '../../src/local-cognito/config.ts'
import { type LocalCognito, startLocalCognito } from '../../src/local-cognito/start.ts'
import { type RedisServer, startRedis } from '../../test/support/redis.ts'
import type { Run } from '../ending.ts'
import { startUpstream, type Upstream } from './upstream.ts'

/** What stands around the subjects: all on the core of the others. */
export interface Stage {
  /** Files of this run. */
  readonly folder: string
  readonly upstream: Upstream
  readonly redis: RedisServer
  readonly cognito: LocalCognito
  /** Makes it an address the provider may send people back to. */
  readonly allowCallback: (url: string) => Promise<void>
  /** Changes keys of our client at the provider. */
  readonly changeClient: (patch: Readonly<Record<string, unknown>>) => Promise<void>
}

export const client = { id: '1localexample', secret: 'local-secret' } as const

const sample = fileURLToPath(new URL('../../config/local-cognito.yaml', import.meta.url))

/** Starts upstreams, a Redis server and the local Cognito. */
export async function startStage(run: Run): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'toolgate-bench-'))
  // Started by root, nginx and Apache work as somebody else.
  chmodSync(folder, 0o755)
  run.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const upstream = await startUpstream(run, folder)
  const redis = await startRedis(run)
  const config = await loadLocalCognitoConfig(sample)
  const at = { host: '127.0.0.1', port: 0 }
  const cognito = await startLocalCognito({ ...config, domain: at, issuer: at, control: at })
  run.teardown(() => cognito.close())

  async function changeClient(patch: Readonly<Record<string, unknown>>): Promise<void> {
    const answer = await fetch(`${cognito.control}/clients/${client.id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(patch),
    })
    if (!answer.ok) throw new Error(`PATCH ${JSON.stringify(patch)}: ${await answer.text()}`)
  }

  const callbacks: string[] = []
  function allowCallback(url: string): Promise<void> {
    callbacks.push(url)
    return changeClient({ callback_urls: callbacks })
  }

  return { folder, upstream, redis, cognito, allowCallback, changeClient }
}
