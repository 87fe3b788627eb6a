import { askAuthorization } from './check/authorization.ts'
import { authorizationFindings } from './check/authorization-findings.ts'
import { asCognito, checkProvider, type OwnAddresses } from './check/check-provider.ts'
import { askDiscovery } from './check/discovery.ts'
import { domainFindings } from './check/domain.ts'
import type { Absence, Probe } from './check/probe.ts'
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
   * `away`: nobody answers there.
   */
  readonly preflight: (provider: string) => Promise<Finding | 'away' | undefined>
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
  readonly absence: Absence | undefined
}

const nothingSeen: Outlook = { findings: [], absence: undefined }
const askAgainMs = 5_000
const fineForMs = 600_000

/** For providers by name, with the addresses they must know of us. Never throws: what cannot be found out is not said. */
export function createDiagnosis(
  providers: ReadonlyMap<string, { readonly settings: ProviderSettings; readonly own: OwnAddresses }>,
  asking: Asking,
  now: Clock,
): Diagnosis {
  const looking = createSingleFlight<Outlook>()
  const searching = createSingleFlight<Finding | undefined>()
  /** What was found last. Whoever can make a provider refuse must not make us ask it each time. */
  const causes = new Map<string, { readonly finding: Finding | undefined; readonly until: number }>()
  const known = new Map<string, { readonly problem: Finding | 'away' | undefined; readonly until: number }>()

  async function look(name: string): Promise<Outlook> {
    const provider = providers.get(name)
    const cognito = provider && asCognito(provider.settings, provider.own)
    if (cognito === undefined) return nothingSeen
    return looking(name, async () => {
      const outlook = await asking((probe) => askSignIn(cognito, probe)).catch(() => nothingSeen)
      const isFine = outlook.findings.every(({ status }) => status === 'ok')
      known.set(name, { problem: inTheWay(outlook), until: now() + (isFine ? fineForMs : askAgainMs) })
      return outlook
    })
  }

  return {
    async preflight(name) {
      const last = known.get(name)
      if (last !== undefined && last.until > now()) return last.problem
      return inTheWay(await look(name))
    },

    async rehearsal(name) {
      const { findings, absence } = await look(name)
      return problemOf(findings) ?? (absence === undefined ? undefined : findings[0])
    },

    async cause(name) {
      const provider = providers.get(name)
      if (provider === undefined) return undefined
      const last = causes.get(name)
      if (last !== undefined && last.until > now()) return last.finding
      // Where signing out leads is no reason to refuse a sign-in.
      const settings: ProviderSettings = { ...provider.settings, signOut: 'local' }
      return searching(name, async () => {
        const findings = await asking((probe) => checkProvider(settings, provider.own, probe)).catch(() => [])
        const finding = problemOf(findings)
        causes.set(name, { finding, until: now() + askAgainMs })
        return finding
      })
    },
  }
}

/** What a browser meets on its way to the sign-in page. */
async function askSignIn(provider: CheckedProvider, probe: Probe): Promise<Outlook> {
  const authorization = await askAuthorization(provider, probe)
  const { absence } = authorization.reading
  if (authorization.reading.verdict !== 'absent') {
    return { findings: authorizationFindings(provider, authorization, false), absence }
  }
  const { issuer, authorizationEndpoint } = provider
  const discovery = issuer === undefined ? undefined : await askDiscovery(issuer, authorizationEndpoint, probe)
  return { findings: domainFindings(provider, discovery, authorization.reading, false), absence }
}

/** What keeps a browser from signing in there; a provider that is only slow does not. */
function inTheWay({ findings, absence }: Outlook): Finding | 'away' | undefined {
  return problemOf(findings) ?? (absence === 'down' ? 'away' : undefined)
}

function problemOf(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ status }) => status === 'problem')
}
