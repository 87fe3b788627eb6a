import type { Finding } from '../finding.ts'
import { type Authorization, askAuthorization, askAuthorize } from './authorization.ts'
import { authorizationFindings } from './authorization-findings.ts'
import { isClientKnown } from './authorize.ts'
import { askDiscovery, type DiscoveryReading } from './discovery.ts'
import { domainFindings } from './domain.ts'
import type { Probe } from './probe.ts'
import type { CheckedProvider } from './provider.ts'
import { secretFindings } from './secret.ts'
import { askSignOut, type SignOut, signOutFindings } from './sign-out.ts'
import { askToken, provesClient, type TokenReadings } from './token.ts'

/** All that a user pool answered. */
interface Readings {
  readonly pool: Pool
  readonly authorization: Authorization
  readonly token: TokenReadings
  readonly signOut: SignOut | undefined
}

interface Pool {
  /** Absent where the config names neither pool nor issuer. */
  readonly discovery: DiscoveryReading | undefined
  /** Whether the domain that the pool announces, in the place of the config's, knows the client. */
  readonly otherDomainKnowsClient: boolean
}

/** Asks a user pool everything that can be proved without a user. */
export async function checkCognito(provider: CheckedProvider, probe: Probe): Promise<readonly Finding[]> {
  const [pool, authorization, token, signOut] = await Promise.all([
    askPool(provider, probe),
    askAuthorization(provider, probe),
    askToken(provider, probe),
    askSignOut(provider, probe),
  ])
  return findingsOf(provider, { pool, authorization, token, signOut })
}

/** A pool may have two domains and announces one. If that one knows the client too, both are of one pool. */
async function askPool(provider: CheckedProvider, probe: Probe): Promise<Pool> {
  if (provider.issuer === undefined) return { discovery: undefined, otherDomainKnowsClient: false }
  const discovery = await askDiscovery(provider.issuer, provider.authorizationEndpoint, probe)
  if (discovery.verdict !== 'other_domain') return { discovery, otherDomainKnowsClient: false }
  const { authorizationEndpoint: endpoint = '' } = discovery
  return { discovery, otherDomainKnowsClient: isClientKnown(await askAuthorize(provider, probe, { endpoint })) }
}

/** What the answers mean together. What cannot be told before something else is put right is left out. */
function findingsOf(provider: CheckedProvider, { pool, authorization, token, signOut }: Readings): readonly Finding[] {
  const { reading, further } = authorization
  const domain = domainFindings(provider, pool.discovery, reading, pool.otherDomainKnowsClient)
  if (pool.discovery?.verdict === 'no_domain' || reading.verdict === 'absent') return domain

  const isClientProved = provesClient(token)
  const atAuthorize = authorizationFindings(provider, authorization, isClientProved)
  if (reading.verdict === 'client' && !isClientProved) return [...domain, ...atAuthorize]
  const facts = {
    isClientKnown: isClientProved || isClientKnown(reading),
    isCodeFlowOn: further.verdict === 'scope' || further.verdict === 'passed',
  }
  return [...domain, ...atAuthorize, ...secretFindings(provider, token, facts), ...signOutFindings(provider, signOut)]
}
