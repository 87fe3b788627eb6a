import { askAuthorization } from './check/authorization.ts'
import { authorizationFindings } from './check/authorization-findings.ts'
import { asCognito, checkProvider, type OwnAddresses } from './check/check-provider.ts'
import { askDiscovery } from './check/discovery.ts'
import { domainFindings } from './check/domain.ts'
import type { Probe } from './check/probe.ts'
import type { CheckedProvider } from './check/provider.ts'
import type { Finding } from './finding.ts'
import type { Clock } from './ports.ts'
import type { ProviderSettings } from './provider-settings.ts'
import { createSingleFlight } from './single-flight.ts'

/** Finds out why a provider refuses, from its side. See `createDiagnosis`. */
export interface Diagnosis {
  /**
   * What keeps anybody from signing in, found by asking what the browser would ask. Cognito says most refusals on a page
   * of its own, from which nobody comes back to us. Asked before the first sign-in and again after a problem, not each time.
   */
  readonly preflight: (provider: string) => Promise<Finding | undefined>
  /** The first thing that is wrong with the set-up, after the provider refused somebody. */
  readonly cause: (provider: string) => Promise<Finding | undefined>
}

const askAgainMs = 5_000
const fineForMs = 600_000

/** For providers by name, with the addresses they must know of us. Never throws: what cannot be found out is not said. */
export function createDiagnosis(
  providers: ReadonlyMap<string, { readonly settings: ProviderSettings; readonly own: OwnAddresses }>,
  probe: Probe,
  now: Clock,
): Diagnosis {
  const asking = createSingleFlight<Finding | undefined>()
  const known = new Map<string, { readonly problem: Finding | undefined; readonly until: number }>()

  return {
    async preflight(name) {
      const provider = providers.get(name)
      const cognito = provider && asCognito(provider.settings, provider.own)
      if (cognito === undefined) return undefined
      const last = known.get(name)
      if (last !== undefined && last.until > now()) return last.problem
      return asking(name, async () => {
        const problem = await firstProblem(askSignIn(cognito, probe))
        known.set(name, { problem, until: now() + (problem === undefined ? fineForMs : askAgainMs) })
        return problem
      })
    },

    async cause(name) {
      const provider = providers.get(name)
      return provider && firstProblem(checkProvider(provider.settings, provider.own, probe))
    },
  }
}

/** What a browser meets on its way to the sign-in page. */
async function askSignIn(provider: CheckedProvider, probe: Probe): Promise<readonly Finding[]> {
  const authorization = await askAuthorization(provider, probe)
  if (authorization.reading.verdict !== 'absent') return authorizationFindings(provider, authorization, false)
  const { issuer, authorizationEndpoint } = provider
  const discovery = issuer === undefined ? undefined : await askDiscovery(issuer, authorizationEndpoint, probe)
  return domainFindings(provider, discovery, authorization.reading, false)
}

async function firstProblem(findings: Promise<readonly Finding[]>): Promise<Finding | undefined> {
  return (await findings.catch(() => [])).find(({ status }) => status === 'problem')
}
