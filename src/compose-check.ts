import { createProbe } from './adapters/probe.ts'
import { createReach } from './adapters/upstream-reach.ts'
import { providersOf } from './config/providers.ts'
import { routesOf } from './config/routes.ts'
import type { Config } from './config/schema.ts'
import { checkCognito } from './core/check/cognito.ts'
import { checkGeneral } from './core/check/general.ts'
import type { Probe } from './core/check/probe.ts'
import { storeFindings } from './core/check/store.ts'
import { checkUpstream } from './core/check/upstream.ts'
import type { Finding } from './core/finding.ts'
import type { ProviderSettings } from './core/provider-settings.ts'

/** How long it may take, in milliseconds: one question, and all of them. */
export interface CheckLimits {
  readonly probeMs: number
  readonly totalMs: number
}

/** Asks providers, store and upstreams, all at once. What is not answered by the end of the time is unknown. */
export async function checkOnline(
  config: Config,
  { probeMs, totalMs }: CheckLimits = { probeMs: 5_000, totalMs: 25_000 },
): Promise<readonly Finding[]> {
  const limits = { timeoutMs: probeMs, signal: AbortSignal.timeout(totalMs) }
  const { probe, close } = createProbe(limits)
  const reach = createReach(limits)

  const providers = providersOf(config).map((settings, index) => checkProvider(config, settings, index === 0, probe))
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

/** Cognito answers so that nearly everything can be told; others are asked less. */
function checkProvider(
  config: Config,
  settings: ProviderSettings,
  isFirst: boolean,
  probe: Probe,
): Promise<readonly Finding[]> {
  const pages = `${config.public_url}${config.base_path}`
  const addresses = {
    redirectUri: isFirst ? `${pages}/callback` : `${pages}/callback/${settings.name}`,
    signedOutUrl: `${pages}/signed-out`,
  }
  const { authorizationEndpoint, tokenEndpoint, endSessionEndpoint } = settings.endpoints
  const isCognito = config.providers[settings.name]?.type === 'cognito'
  if (!isCognito || authorizationEndpoint === undefined || tokenEndpoint === undefined) {
    return checkGeneral({ ...settings, ...addresses }, probe)
  }
  return checkCognito({ ...settings, ...addresses, authorizationEndpoint, tokenEndpoint, endSessionEndpoint }, probe)
}
