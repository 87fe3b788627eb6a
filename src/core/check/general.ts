import { type Finding, findingsAbout } from '../finding.ts'
import type { ProviderSettings } from '../provider-settings.ts'
import { askAuthorize } from './authorization.ts'
import type { AuthorizeReading } from './authorize.ts'
import { askDiscovery, type DiscoveryReading } from './discovery.ts'
import { jsonOf, type Probe } from './probe.ts'
import type { CheckedProvider } from './provider.ts'
import { askToken, type TokenReading, type TokenReadings } from './token.ts'

/** A provider of any type but Cognito, and the addresses that a check is about. */
export interface GeneralProvider extends ProviderSettings {
  readonly redirectUri: string
  readonly signedOutUrl: string
}

/** Asks an OpenID or OAuth provider what can be proved without a user. Most refuse on pages of their own, unreadable to us. */
export async function checkGeneral(provider: GeneralProvider, probe: Probe): Promise<readonly Finding[]> {
  const { unknown } = findingsAbout(`provider ${provider.name}`)
  const { issuer, discovers, endpoints } = provider
  const discovery = discovers && issuer !== undefined ? await askDiscovery(issuer, undefined, probe) : undefined
  const found = discovery === undefined ? [] : [discoveryFinding(provider, discovery)]
  const authorizationEndpoint = endpoints.authorizationEndpoint ?? discovery?.authorizationEndpoint
  const tokenEndpoint = endpoints.tokenEndpoint ?? (await announcedTokenEndpoint(provider, discovery, probe))
  if (authorizationEndpoint === undefined || tokenEndpoint === undefined) {
    return [...found, unknown('Are client and callback known?', 'The endpoints are not known.')]
  }
  const checked: CheckedProvider = { ...provider, authorizationEndpoint, tokenEndpoint, endSessionEndpoint: undefined }
  const [authorize, token] = await Promise.all([askAuthorize(checked, probe), askToken(checked, probe)])
  return [...found, authorizeFinding(checked, authorize), clientFinding(checked, token)]
}

function discoveryFinding({ name, issuer }: GeneralProvider, { verdict, said }: DiscoveryReading): Finding {
  const { ok, problem, unknown } = findingsAbout(`provider ${name}`)
  const question = 'Is the issuer right?'
  const remedy = { remedy: `Set providers.${name}.issuer to what the provider calls its issuer, to the letter.` }
  if (verdict === 'matches') return ok(question, `Yes: ${said}.`)
  if (verdict === 'unknown') return unknown(question, `Its metadata could not be read: ${said}.`)
  return problem(question, `No. Asked for the metadata of ${issuer}: ${said}.`, remedy)
}

async function announcedTokenEndpoint(
  { issuer }: GeneralProvider,
  discovery: DiscoveryReading | undefined,
  probe: Probe,
): Promise<string | undefined> {
  if (discovery?.verdict !== 'matches' || issuer === undefined) return undefined
  const outcome = await probe({ url: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` })
  const { token_endpoint: endpoint } = 'failure' in outcome ? {} : jsonOf(outcome)
  return typeof endpoint === 'string' ? endpoint : undefined
}

function authorizeFinding({ name, redirectUri }: CheckedProvider, { verdict, said }: AuthorizeReading): Finding {
  const { ok, problem, unknown } = findingsAbout(`provider ${name}`)
  const question = 'Does it accept the client, the callback URL and the scopes?'
  const register = { remedy: 'Register this callback URL for the client, to the letter.', paste: redirectUri }
  if (verdict === 'passed') return ok(question, `It goes on: ${said}.`)
  if (verdict === 'scope') {
    const remedy = `Remove what it does not know from providers.${name}.scopes, or allow it for the client.`
    return problem(question, `A scope is refused: ${said}.`, { remedy })
  }
  if (verdict === 'flow')
    return problem(question, `The client may not use codes: ${said}.`, {
      remedy: 'Allow the authorization code grant for the client.',
    })
  return unknown(question, `That cannot be told from its answer: ${said}.`, register)
}

function clientFinding({ name }: CheckedProvider, { withSecret, without }: TokenReadings): Finding {
  const { ok, problem, unknown } = findingsAbout(`provider ${name}`)
  const question = 'Does it accept the client ID and secret?'
  const reading: TokenReading = withSecret ?? without
  if (reading.verdict === 'accepted' || reading.verdict === 'no_refresh') return ok(question, 'Yes.')
  if (reading.verdict === 'unknown') return unknown(question, `That cannot be told from its answer: ${reading.said}.`)
  const remedy = `Compare providers.${name}.client_id, client_secret and client_authentication with the provider's.`
  return problem(question, `No. The token endpoint says ${reading.said}.`, { remedy })
}
