import { isLoopback } from '../loopback.ts'
import { jsonOf, type Probe, type ProbeOutcome, shown, unanswered } from './probe.ts'

/**
 * What an issuer's metadata says (OpenID Connect Discovery 1.0 section 4.3). `absent`: it has none. `other_issuer`: it
 * is somebody else's. `no_domain`: a user pool without a domain announces endpoints at the issuer, and none work.
 * `other_domain`: the authorization endpoint is not the one of the config.
 */
export interface DiscoveryReading {
  readonly verdict: 'matches' | 'absent' | 'other_issuer' | 'no_domain' | 'other_domain' | 'unknown'
  readonly said: string
  /** What it announces. */
  readonly issuer?: string
  readonly authorizationEndpoint?: string
  readonly tokenEndpoint?: string
}

/** Asks an issuer for its metadata. */
export async function askDiscovery(
  issuer: string,
  endpoint: string | undefined,
  probe: Probe,
): Promise<DiscoveryReading> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return readDiscovery(await probe({ url }), issuer, endpoint)
}

/** `endpoint` is the authorization endpoint of the config; `undefined`: whatever is announced is used. */
export function readDiscovery(outcome: ProbeOutcome, issuer: string, endpoint: string | undefined): DiscoveryReading {
  const why = unanswered(outcome)
  if (why !== undefined) return { verdict: 'unknown', said: why }
  if ('failure' in outcome) return { verdict: 'unknown', said: '' }
  const metadata = jsonOf(outcome)
  const { issuer: announced } = metadata
  if (outcome.status === 400 || outcome.status === 404) {
    return { verdict: 'absent', said: `${outcome.status}, there is no metadata` }
  }
  const target = address(metadata.authorization_endpoint)
  const tokenEndpoint = address(metadata.token_endpoint)?.href
  if (outcome.status !== 200 || typeof announced !== 'string' || target === undefined) {
    return { verdict: 'unknown', said: `${outcome.status}, which cannot be read as metadata` }
  }

  const found = {
    issuer: shown(announced),
    authorizationEndpoint: target.href,
    ...(tokenEndpoint && { tokenEndpoint }),
  }
  if (announced !== issuer) return { verdict: 'other_issuer', said: `it calls itself ${found.issuer}`, ...found }
  if (endpoint === undefined || target.href === new URL(endpoint).href) {
    return { verdict: 'matches', said: `it announces ${shown(target.origin)}`, ...found }
  }
  // The endpoint below the issuer's own path: only a pool without a domain has that.
  const isAtIssuer = target.href.startsWith(`${new URL(issuer).href.replace(/\/$/, '')}/`)
  return isAtIssuer
    ? { verdict: 'no_domain', said: 'it announces endpoints at the issuer, which do not work', ...found }
    : { verdict: 'other_domain', said: `it announces ${shown(target.origin)}`, ...found }
}

/** An https address, or http on this machine: a secret will go there. */
function address(value: unknown): URL | undefined {
  const url = typeof value === 'string' ? URL.parse(value) : null
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  return isSafe ? url : undefined
}
