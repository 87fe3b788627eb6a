import { createProbe } from '../adapters/probe.ts'
import { createReach } from '../adapters/upstream-reach.ts'
import { ownAddresses, providersOf } from '../config/providers.ts'
import { routesOf } from '../config/routes.ts'
import type { Config } from '../config/schema.ts'
import { storeOf } from '../config/store.ts'
import { checkProvider } from '../core/check/check-provider.ts'
import { storeFindings } from '../core/check/store.ts'
import { checkUpstream } from '../core/check/upstream.ts'
import type { Finding } from '../core/finding.ts'
import type { ProviderSettings } from '../core/provider-settings.ts'
import { type GuardedRoute, isForwarded } from '../core/route.ts'
import { addressText, storeAddress } from '../core/store-address.ts'

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

  const routes = routesOf(config)
  const providers = providersOf(config).map((settings) =>
    checkProvider(
      { ...settings, scopes: scopesAskedFor(settings, routes) },
      ownAddresses(config, settings.name),
      probe,
    ),
  )
  const store = checkStore(config, limits.signal)
  const upstreams = routes.filter(isForwarded).map((route) => checkUpstream(route, reach, Date.now()))
  try {
    return (await Promise.all([...providers, store, ...upstreams])).flat()
  } finally {
    await close()
  }
}

/** Those of every sign-in, and those that a route sends people back for. */
function scopesAskedFor({ name, scopes }: ProviderSettings, routes: readonly GuardedRoute[]): readonly string[] {
  const asking = routes.filter((route) =>
    route.provider === undefined ? route.signIn.includes(name) : route.provider === name,
  )
  return [...new Set([...scopes, ...asking.flatMap((route) => route.scopes)])]
}

/** Redis is loaded only where it is used. */
async function checkStore(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const connection = storeOf(config)
  if (connection === undefined) return []
  const { inspectRedis } = await import('../adapters/redis/inspect.ts')
  const outcome = await inspectRedis(connection, config.store.key_prefix, { signal })
  return storeFindings(outcome, addressText(storeAddress(connection.url)))
}
