import { createProbe } from '../adapters/probe.ts'
import { createProvider } from '../adapters/providers/provider.ts'
import { ownAddresses, providersOf } from '../config/providers.ts'
import type { Config } from '../config/schema.ts'
import { createBudget } from '../core/budget.ts'
import { type Asking, createDiagnosis } from '../core/diagnosis.ts'
import type { Clock, Sleep } from '../core/ports.ts'

/** The providers of the config, what may be asked of each, and what finds out why one refuses. */
export function composeProviders(config: Config, now: Clock, sleep: Sleep) {
  const registered = providersOf(config).map((settings) => ({ settings, own: ownAddresses(config, settings.name) }))
  type Registration = (typeof registered)[number]

  function byName<T>(make: (registration: Registration) => T): ReadonlyMap<string, T> {
    return new Map(registered.map((registration) => [registration.settings.name, make(registration)]))
  }

  return {
    providers: byName(({ settings, own }) => createProvider(settings, own.redirectUri, now)),
    // Workers share what one gateway may ask of a provider.
    budgets: byName(({ settings }) => createBudget({ perSecond: settings.maxRate / config.workers, now, sleep })),
    diagnosis: createDiagnosis(
      byName((registration) => registration),
      asking,
      now,
    ),
  }
}

/** How long somebody who waits for a page is kept by all questions together. */
const askingMs = 2_000

const asking: Asking = (ask) => {
  const { probe, close } = createProbe({ timeoutMs: askingMs, signal: AbortSignal.timeout(askingMs) })
  return ask(probe).finally(close)
}
