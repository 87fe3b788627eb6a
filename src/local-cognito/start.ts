import type { FastifyInstance } from 'fastify'
import { LocalCognitoError } from './config.ts'
import { createControl } from './control.ts'
import { createDomain } from './domain.ts'
import { createIssuer } from './issuer.ts'
import type { LogEntry } from './log.ts'
import type { LocalCognitoConfig } from './schema.ts'
import { createState } from './state.ts'

/** A running look-alike. The URLs are as announced; `issuer` ends in the pool id, as in `iss`. */
export interface LocalCognito {
  readonly domain: string
  readonly issuer: string
  readonly control: string
  readonly close: () => Promise<void>
}

/** What else may be given. */
export interface LocalCognitoOptions {
  /** Hears of each refused request, with the rule that the real replies hide. */
  readonly onRefusal?: (entry: Readonly<LogEntry>) => void
}

/** Binds the three ports; port 0 is a free one. Throws {@link LocalCognitoError} when a port is taken. */
export async function startLocalCognito(
  config: LocalCognitoConfig,
  { onRefusal = () => {} }: LocalCognitoOptions = {},
): Promise<LocalCognito> {
  const state = createState(config, onRefusal)
  const apps = { domain: await createDomain(state), issuer: await createIssuer(state), control: createControl(state) }
  const close = async () => void (await Promise.all(Object.values(apps).map((app) => app.close())))
  try {
    const { domain, issuer, control } = config
    state.urls.domain = await listen(apps.domain, 'domain', domain, domain.host)
    state.urls.issuer = `${await listen(apps.issuer, 'issuer', issuer, 'localhost')}/${config.pool.id}`
    return { ...state.urls, control: await listen(apps.control, 'control', control, control.host), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Gives the announced URL: `public_url`, else the announced host; a port of 0 becomes the one that was bound. */
async function listen(
  app: FastifyInstance,
  section: string,
  { host, port, public_url }: LocalCognitoConfig['domain'],
  announced: string,
): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason = code === 'EADDRINUSE' ? 'is taken' : `cannot be bound (${code ?? String(error)})`
    throw new LocalCognitoError(`Port ${port} on ${host} ${reason}; it is ${section}.port in the configuration.`, {
      cause: error,
    })
  }
  const address = app.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const url = new URL(public_url ?? `http://${urlHost(announced)}:${bound}`)
  if (url.port === '0') url.port = String(bound)
  return url.origin
}

/** Nobody can open the address that means "every address". */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
