import { fileURLToPath } from 'node:url'
import fastify from 'fastify'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import type { Internet } from '../../src/adapters/fetch-public.ts'
import type { Gateway } from '../../src/compose/gateway.ts'
import { compose } from '../../src/compose.ts'
import { parseConfig } from '../../src/config/load.ts'
import { loadLocalCognitoConfig } from '../../src/local-cognito/config.ts'
import type { LogEntry } from '../../src/local-cognito/log.ts'
import type { Endpoint } from '../../src/local-cognito/schema.ts'
import { startLocalCognito } from '../../src/local-cognito/start.ts'
import { startEcho } from './echo.ts'
import { freePort } from './free-port.ts'

/** Any part of the YAML, as an object; lists replace. */
export type ConfigPatch = Record<string, unknown>

export interface StackOptions {
  /** Keys of the gateway's config, over those of the stack. */
  readonly config?: ConfigPatch
  /** Keys of the gateway's provider. */
  readonly provider?: ConfigPatch
  /** Keys of the confidential client of the local Cognito. */
  readonly client?: ConfigPatch
  /** What the gateway takes for the time. */
  readonly now?: () => number
  /** How often those who have something open are looked at again. */
  readonly recheckMs?: number
  /** How often what waits to be revoked is looked at. */
  readonly revokeMs?: number
  /** How often clients are looked at that hear nothing of an event stream. */
  readonly keepAliveMs?: number
  readonly log?: (line: string) => void
  /** As `toolgate dev` does: anyone may open the test sign-in. */
  readonly isDev?: boolean
  /** Where documents of MCP clients lie, in the place of the internet. */
  readonly internet?: Internet
}

type PartsOptions = Pick<StackOptions, 'config' | 'provider' | 'client'>

/** A gateway, a local Cognito and an echoing tool behind it, each on ports of its own. */
export type Stack = Awaited<ReturnType<typeof startStack>>

const sample = fileURLToPath(new URL('../../config/local-cognito.yaml', import.meta.url))

/** Starts real parts, joined by real sockets, and ends them with the test. */
export async function startStack(t: Test, { now, recheckMs, log, isDev = false, ...options }: StackOptions = {}) {
  const parts = await startParts(t, options)
  const yaml = { ...parts.yaml, log: { level: log ? 'debug' : 'fatal' }, ...options.config }
  return {
    ...parts,
    yaml,
    gateway: await startGateway(t, yaml, {
      ...(now && { now }),
      ...(recheckMs && { recheckMs }),
      ...(log && { log }),
      isDev,
    }),
  }
}

/** What a gateway needs around it, and the config with which to start one, or several. */
export async function startParts(t: Test, { config = {}, provider = {}, client = {} }: PartsOptions = {}) {
  const echo = await startEcho(t)
  const origin = `http://localhost:${await freePort()}`
  const pool = await localPool(origin, client)
  const cognito = await startLocalCognito(pool)
  t.teardown(() => cognito.close())

  const yaml = {
    public_url: origin,
    listen: { host: '127.0.0.1', port: Number(new URL(origin).port) },
    providers: {
      cognito: {
        type: 'cognito',
        domain: cognito.domain,
        issuer: cognito.issuer,
        client_id: '1localexample',
        client_secret: 'local-secret',
        ...provider,
      },
    },
    routes: [
      { name: 'tool', title: 'The tool', path: '/tool', upstream: echo.url },
      { name: 'analysts', path: '/analysts', upstream: echo.url, allow: { groups: ['analysts'] } },
      { name: 'operators', path: '/operators', upstream: echo.url, allow: { groups: ['operators'] } },
      { name: 'open', path: '/open', upstream: echo.url, access: 'public' },
      { name: 'maybe', path: '/maybe', upstream: echo.url, access: 'optional' },
    ],
    ...config,
  }
  return { origin, yaml, echo, cognito, control: control(cognito.control) }
}

/** Starts one gateway, as `toolgate serve` does but in this process. The admin port is not opened. */
export async function startGateway(
  t: Test,
  yaml: ConfigPatch,
  {
    now,
    recheckMs,
    revokeMs,
    keepAliveMs,
    log,
    isDev = false,
    internet,
  }: Pick<StackOptions, 'now' | 'recheckMs' | 'revokeMs' | 'keepAliveMs' | 'log' | 'isDev' | 'internet'> = {},
): Promise<Gateway> {
  const { config } = await parseConfig(stringify(yaml), 'test.yaml', {})
  const stream = { write: (line: string) => log?.(line) }
  const { log: logger } = fastify({ logger: { level: config.log.level, stream } })
  const gateway = await compose(config, {
    logger,
    isDev,
    ...(now && { now }),
    ...(recheckMs && { recheckMs }),
    ...(revokeMs && { revokeMs }),
    ...(internet && { internet }),
    ...(keepAliveMs && { keepAliveMs }),
  })
  await gateway.app.listen({ ...config.listen })
  if (config.forward_auth) await gateway.forwardAuth?.listen({ ...config.forward_auth })
  t.teardown(() => gateway.close())
  return gateway
}

async function localPool(origin: string, client: ConfigPatch) {
  const config = await loadLocalCognitoConfig(sample)
  const at = { host: '127.0.0.1', port: 0 }
  const clients = config.pool.clients.map((entry, index) => ({
    ...entry,
    callback_urls: [`${origin}/oauth/callback`],
    logout_urls: [`${origin}/oauth/signed-out`],
    ...(index === 0 && client),
  }))
  return { ...config, domain: at, issuer: at, control: at, pool: { ...config.pool, clients } }
}

/** What `GET /log` answers. */
interface CognitoLog {
  readonly requests: readonly LogEntry[]
  readonly counts: Readonly<Record<Endpoint, number>>
}

/** The switches of the local Cognito. */
function control(url: string) {
  const send = async (method: string, path: string, body?: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url + path, {
      method,
      ...(body !== undefined && { headers, body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response.headers.get('content-type')?.includes('json') ? response.json() : undefined
  }
  return {
    clock: (offset: string) => send('POST', '/clock', { offset }),
    fault: (fault: Record<string, unknown>) => send('POST', '/faults', fault),
    heal: () => send('DELETE', '/faults'),
    client: (id: string, patch: Record<string, unknown>) => send('PATCH', `/clients/${id}`, patch),
    pool: (patch: Record<string, unknown>) => send('PATCH', '/pool', patch),
    log: async () => (await send('GET', '/log')) as CognitoLog,
    rotateKeys: (keepOld: boolean) => send('POST', '/keys/rotate', { keep_old: keepOld }),
    reset: () => send('POST', '/reset'),
  }
}
