import { type Finding, findingsAbout } from '../finding.ts'
import type { ProviderSettings } from '../provider-settings.ts'
import { questionOf } from './authorization.ts'
import { authorizeUrl, readStandardAuthorize, type StandardReading } from './authorize.ts'
import { askDiscovery, type DiscoveryReading } from './discovery.ts'
import type { Probe } from './probe.ts'
import type { CheckedProvider } from './provider.ts'
import { askToken, type TokenReadings } from './token.ts'

/** A provider of any type but Cognito, and the addresses that a check is about. */
export interface GeneralProvider extends ProviderSettings {
  readonly redirectUri: string
  readonly signedOutUrl: string
}

/**
 * Asks an OpenID or OAuth provider what can be proved without a user. The standards leave it to a page for people to
 * say that a client or its callback is not known (RFC 6749 section 4.1.2.1), so that is less than with Cognito.
 */
export async function checkGeneral(provider: GeneralProvider, probe: Probe): Promise<readonly Finding[]> {
  const { unknown } = findingsAbout(`provider ${provider.name}`)
  const { issuer, discovers, endpoints } = provider
  const discovery = discovers && issuer !== undefined ? await askDiscovery(issuer, undefined, probe) : undefined
  const found = discovery === undefined ? [] : [discoveryFinding(provider, discovery)]
  const announced = discovery?.verdict === 'matches' ? discovery : undefined
  const authorizationEndpoint = endpoints.authorizationEndpoint ?? announced?.authorizationEndpoint
  const tokenEndpoint = endpoints.tokenEndpoint ?? announced?.tokenEndpoint
  if (authorizationEndpoint === undefined || tokenEndpoint === undefined) {
    return [...found, unknown('Are client and callback known?', 'Not asked: the endpoints are not known.')]
  }
  const checked: CheckedProvider = { ...provider, authorizationEndpoint, tokenEndpoint, endSessionEndpoint: undefined }
  const [authorize, token] = await Promise.all([askOnce(checked, probe), askToken(checked, probe)])
  return [...found, authorizeFinding(checked, authorize), clientFinding(checked, token)]
}

async function askOnce(provider: CheckedProvider, probe: Probe): Promise<StandardReading> {
  const question = questionOf(provider)
  return readStandardAuthorize(await probe({ url: authorizeUrl(question) }), question)
}

function discoveryFinding({ name, issuer }: GeneralProvider, { verdict, said }: DiscoveryReading): Finding {
  const { ok, problem, unknown } = findingsAbout(`provider ${name}`)
  const question = 'Is the issuer right?'
  const remedy = { remedy: `Set providers.${name}.issuer to what the provider calls its issuer, to the letter.` }
  if (verdict === 'matches') return ok(question, `Yes: ${said}.`)
  if (verdict === 'unknown') return unknown(question, `Its metadata could not be read: ${said}.`)
  return problem(question, `No. Asked for the metadata of ${issuer}: ${said}.`, remedy)
}

function authorizeFinding({ name, redirectUri }: CheckedProvider, { verdict, said }: StandardReading): Finding {
  const { ok, problem, unknown } = findingsAbout(`provider ${name}`)
  const question = 'Does it take an authorization request?'
  switch (verdict) {
    case 'passed':
      return ok(question, `Yes: ${said}. Whether that is a sign-in page only a browser can tell.`)
    case 'scope':
      return problem(question, `No: ${said}.`, {
        remedy: `Remove what it does not know from the scopes of providers.${name} or of the route that asks for it, or allow it for the client.`,
      })
    case 'flow':
      return problem(question, `No: ${said}.`, { remedy: 'Allow the authorization code grant for the client.' })
    case 'refused':
      return problem(question, `No: ${said}. The client ID is not known, or the callback URL is not registered.`, {
        remedy: `Compare providers.${name}.client_id, and register exactly this callback URL.`,
        paste: redirectUri,
      })
    case 'refused_at_callback':
      return problem(question, `No: ${said}.`, { remedy: `Look at providers.${name}.authorize_params first.` })
    case 'unknown':
      return unknown(question, `Could not tell: ${said}.`)
  }
}

/** `unauthorized_client` is what some say of a wrong secret, others of a client that may not refresh. */
function clientFinding({ name }: CheckedProvider, { withSecret, without }: TokenReadings): Finding {
  const { ok, problem, unknown } = findingsAbout(`provider ${name}`)
  const question = 'Does it accept the client ID and secret?'
  const { verdict, said } = withSecret ?? without
  const remedy = `Compare providers.${name}.client_id, client_secret and client_authentication with the provider's.`
  if (verdict === 'accepted') return ok(question, 'Yes.')
  if (verdict === 'unknown') return unknown(question, `Could not tell: ${said}.`)
  if (verdict === 'no_refresh') {
    return unknown(
      question,
      `The token endpoint says ${said}: the secret is not right, or refreshing is not allowed.`,
      {
        remedy,
      },
    )
  }
  return problem(question, `No. The token endpoint says ${said}.`, { remedy })
}
