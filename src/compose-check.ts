import { createProbe } from './adapters/probe.ts'
import { createReach } from './adapters/upstream-reach.ts'
import { routesOf } from './config/routes.ts'
import type { Config, ProviderConfig } from './config/schema.ts'
import { checkCognito } from './core/check/cognito.ts'
import type { Probe } from './core/check/probe.ts'
import type { CheckedProvider } from './core/check/provider.ts'
import { storeFindings } from './core/check/store.ts'
import { checkUpstream } from './core/check/upstream.ts'
import type { Finding } from './core/finding.ts'

/** How long it may take, in milliseconds: one question, and all of them. */
export interface CheckLimits {
  readonly probeMs: number
  readonly totalMs: number
}

type CheckProvider = (provider: CheckedProvider, probe: Probe) => Promise<readonly Finding[]>

/** How each type of provider is checked. */
const checks: Readonly<Record<ProviderConfig['type'], CheckProvider>> = { cognito: checkCognito }

/** Asks providers, store and upstreams, all at once. What is not answered by the end of the time is unknown. */
export async function checkOnline(
  config: Config,
  { probeMs, totalMs }: CheckLimits = { probeMs: 5_000, totalMs: 25_000 },
): Promise<readonly Finding[]> {
  const limits = { timeoutMs: probeMs, signal: AbortSignal.timeout(totalMs) }
  const { probe, close } = createProbe(limits)
  const reach = createReach(limits)

  const providers = Object.entries(config.providers).map(([name, provider], index) =>
    checks[provider.type](checkedProvider(config, name, provider, index === 0), probe),
  )
  const store = checkStore(config.store.url, limits)
  const upstreams = routesOf(config).map((route) => checkUpstream(route, reach, Date.now()))
  try {
    return (await Promise.all([...providers, store, ...upstreams])).flat()
  } finally {
    await close()
  }
}

/** Redis is loaded only where it is used. */
async function checkStore(
  url: string,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  if (url === 'memory:') return []
  const { inspectRedis } = await import('./adapters/redis/inspect.ts')
  const { hostname, port } = new URL(url)
  return storeFindings(await inspectRedis(url, limits), `${hostname}:${port || 6379}`)
}

function checkedProvider(config: Config, name: string, provider: ProviderConfig, isFirst: boolean): CheckedProvider {
  const pages = `${config.public_url}${config.base_path}`
  const { domain, user_pool_id: pool } = provider
  return {
    name,
    issuer: provider.issuer ?? (pool && `https://cognito-idp.${pool.split('_')[0]}.amazonaws.com/${pool}`),
    clientId: provider.client_id,
    clientSecret: provider.client_secret,
    clientAuthentication: 'client_secret_basic',
    scopes: provider.scopes,
    authorizeParams: provider.authorize_params,
    signOut: provider.sign_out === 'local' ? 'local' : 'cognito',
    authorizationEndpoint: provider.authorization_endpoint ?? `${domain}/oauth2/authorize`,
    tokenEndpoint: provider.token_endpoint ?? `${domain}/oauth2/token`,
    endSessionEndpoint: provider.end_session_endpoint ?? (domain && `${domain}/logout`),
    redirectUri: isFirst ? `${pages}/callback` : `${pages}/callback/${name}`,
    signedOutUrl: `${pages}/signed-out`,
  }
}
