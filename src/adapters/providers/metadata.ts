import { isLoopback } from '../../core/loopback.ts'
import type { Clock } from '../../core/ports.ts'
import { ProviderError } from '../../core/provider.ts'
import type { Endpoints, ProviderSettings } from '../../core/provider-settings.ts'
import { createSingleFlight } from '../../core/single-flight.ts'
import { fetchJson } from '../fetch-json.ts'

/** What is known of a provider, from its config and its own word. */
export interface Metadata {
  readonly endpoints: Partial<Endpoints>
  /** It promises `iss` in its authorization responses (RFC 9207). */
  readonly sendsIssuer: boolean
}

const maxAgeMs = 3_600_000
const retryMs = 5_000

/**
 * The metadata of a provider: what the config says, over what discovery says (OpenID Connect Discovery 1.0). Fetched
 * at the first need, again after an hour; an old copy serves while no newer can be had. Throws ProviderError.
 */
export function createMetadata(settings: ProviderSettings, now: Clock): () => Promise<Metadata> {
  const { issuer, endpoints, discovers, timeoutMs } = settings
  if (!discovers || issuer === undefined) return async () => ({ endpoints, sendsIssuer: false })

  const fetchOnce = createSingleFlight<Metadata>()
  let known: Metadata | undefined
  let nextAt = 0
  let failure = new ProviderError('unavailable')

  async function refetch(): Promise<Metadata> {
    try {
      known = await discover(issuer ?? '', timeoutMs)
      nextAt = now() + maxAgeMs
      return known
    } catch (cause) {
      failure =
        cause instanceof ProviderError
          ? cause
          : new ProviderError('unavailable', { cause, description: 'discovery failed' })
      nextAt = now() + retryMs
      throw failure
    }
  }

  return async function metadata() {
    const fetching = now() < nextAt ? undefined : fetchOnce('', refetch).catch(() => undefined)
    // Nobody waits for a newer copy of what is there.
    if (known === undefined) await fetching
    if (known === undefined) throw failure
    return { ...known, endpoints: { ...known.endpoints, ...endpoints } }
  }
}

async function discover(issuer: string, timeoutMs: number): Promise<Metadata> {
  const { status, body } = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    timeoutMs,
  })
  const document = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  if (status !== 200) throw new ProviderError('unavailable', { status, description: 'discovery was refused' })
  if (document.issuer !== issuer) {
    throw new ProviderError('refused', { description: `discovery names the issuer "${document.issuer}"` })
  }
  const endpoints = {
    authorizationEndpoint: address(document.authorization_endpoint),
    tokenEndpoint: address(document.token_endpoint),
    userinfoEndpoint: address(document.userinfo_endpoint),
    revocationEndpoint: address(document.revocation_endpoint),
    endSessionEndpoint: address(document.end_session_endpoint),
    jwksUri: address(document.jwks_uri),
  }
  const known = Object.entries(endpoints).filter(([, value]) => value !== undefined)
  return {
    endpoints: Object.fromEntries(known),
    sendsIssuer: document.authorization_response_iss_parameter_supported === true,
  }
}

/** An https address, or http on this machine; anything else is as good as none. */
function address(value: unknown): string | undefined {
  const url = typeof value === 'string' ? URL.parse(value) : null
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  return isSafe ? url?.href : undefined
}
