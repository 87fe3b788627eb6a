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
  /** The same for a test, which wants to know how it is now: asked each time, and that nobody answers counts, too. */
  readonly rehearsal: (provider: string) => Promise<Finding | undefined>
  /** The first thing that is wrong with the set-up, after the provider refused somebody. */
  readonly cause: (provider: string) => Promise<Finding | undefined>
}

/** Asks with a probe whose requests together take no longer than somebody can wait for a page. */
export type Asking = <T>(ask: (probe: Probe) => Promise<T>) => Promise<T>

/** What was found before leaving for a provider. */
interface Outlook {
  readonly findings: readonly Finding[]
  /** Nobody answers there. */
  readonly isAway: boolean
}

const nothingSeen: Outlook = { findings: [], isAway: false }
const askAgainMs = 5_000
const fineForMs = 600_000

/** For providers by name, with the addresses they must know of us. Never throws: what cannot be found out is not said. */
export function createDiagnosis(
  providers: ReadonlyMap<string, { readonly settings: ProviderSettings; readonly own: OwnAddresses }>,
  asking: Asking,
  now: Clock,
): Diagnosis {
  const looking = createSingleFlight<Outlook>()
  const known = new Map<string, { readonly problem: Finding | undefined; readonly until: number }>()

  async function look(name: string): Promise<Outlook> {
    const provider = providers.get(name)
    const cognito = provider && asCognito(provider.settings, provider.own)
    if (cognito === undefined) return nothingSeen
    return looking(name, async () => {
      const outlook = await asking((probe) => askSignIn(cognito, probe)).catch(() => nothingSeen)
      const isFine = outlook.findings.every(({ status }) => status === 'ok')
      known.set(name, { problem: problemOf(outlook.findings), until: now() + (isFine ? fineForMs : askAgainMs) })
      return outlook
    })
  }

  return {
    async preflight(name) {
      const last = known.get(name)
      if (last !== undefined && last.until > now()) return last.problem
      return problemOf((await look(name)).findings)
    },

    async rehearsal(name) {
      const { findings, isAway } = await look(name)
      return problemOf(findings) ?? (isAway ? findings[0] : undefined)
    },

    async cause(name) {
      const provider = providers.get(name)
      if (provider === undefined) return undefined
      // Where signing out leads is no reason to refuse a sign-in.
      const settings: ProviderSettings = { ...provider.settings, signOut: 'local' }
      return problemOf(await asking((probe) => checkProvider(settings, provider.own, probe)).catch(() => []))
    },
  }
}

/** What a browser meets on its way to the sign-in page. */
async function askSignIn(provider: CheckedProvider, probe: Probe): Promise<Outlook> {
  const authorization = await askAuthorization(provider, probe)
  const isAway = authorization.reading.isAway === true
  if (authorization.reading.verdict !== 'absent') {
    return { findings: authorizationFindings(provider, authorization, false), isAway }
  }
  const { issuer, authorizationEndpoint } = provider
  const discovery = issuer === undefined ? undefined : await askDiscovery(issuer, authorizationEndpoint, probe)
  return { findings: domainFindings(provider, discovery, authorization.reading, false), isAway }
}

function problemOf(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ status }) => status === 'problem')
}
