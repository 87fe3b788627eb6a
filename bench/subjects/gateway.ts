import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { freePort } from '../../test/support/free-port.ts'
import type { Run } from '../ending.ts'
import { client, type Stage } from '../parts/stage.ts'
import { cores, startPinned } from '../pinned.ts'
import { type Subject, subjectOf } from './subject.ts'

interface GatewayOptions {
  readonly store: 'memory' | 'redis'
  /** Keys of the config over those of the benchmark. */
  readonly config?: Record<string, unknown>
  /** Options of Node. */
  readonly node?: readonly string[]
  readonly on?: string
}

/** What the gateways seal with, so that sessions can be made for them. */
export const encryptionKey = createHash('sha256').update('benchmark').digest('base64')
export const keyPrefix = 'tg:'
/** Options of Node for a gateway that reads Redis for each request. */
export const withoutCache = ['--import', new URL('uncached.ts', import.meta.url).pathname]
export const sessionCookie = /^toolgate$/

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Starts the gateway as its users do: `toolgate serve`, with defaults wherever nothing must be said. */
export async function startGateway(run: Run, stage: Stage, options: GatewayOptions): Promise<Subject> {
  const { store, config = {}, node = [], on = cores.subject } = options
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  await stage.allowCallback(`${origin}/oauth/callback`)
  const file = join(stage.folder, `gateway-${port}.yaml`)
  writeFileSync(file, stringify({ ...(await configOf(stage, origin, store)), ...config }))
  const command = [process.execPath, ...node, main, 'serve', '--config', file]
  return subjectOf(origin, await startPinned(run, { command, port, on }))
}

async function configOf({ cognito, upstream, redis }: Stage, origin: string, store: 'memory' | 'redis') {
  const route = (name: string, upstream: string, access: string) => ({ name, path: `/${name}`, upstream, access })
  return {
    public_url: origin,
    listen: { host: '127.0.0.1', port: Number(new URL(origin).port) },
    admin: { host: '127.0.0.1', port: await freePort() },
    ...(store === 'redis' && { store: { url: redis.url, key_prefix: keyPrefix }, encryption_keys: [encryptionKey] }),
    providers: {
      cognito: {
        type: 'cognito',
        domain: cognito.domain,
        issuer: cognito.issuer,
        client_id: client.id,
        client_secret: client.secret,
      },
    },
    routes: [
      route('signed', upstream.quick, 'signed_in'),
      route('public', upstream.quick, 'public'),
      route('signed-tool', upstream.tool, 'signed_in'),
      route('public-tool', upstream.tool, 'public'),
      { name: 'mcp', path: '/mcp', upstream: `${upstream.quick}/signed`, mcp: {} },
    ],
  }
}
