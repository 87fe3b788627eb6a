import type { Finding } from '../finding.ts'
import type { ProviderSettings } from '../provider-settings.ts'
import { checkCognito } from './cognito.ts'
import { checkGeneral } from './general.ts'
import type { Probe } from './probe.ts'
import type { CheckedProvider } from './provider.ts'

/** The two addresses of ours that a provider must have registered. */
export interface OwnAddresses {
  readonly redirectUri: string
  readonly signedOutUrl: string
}

/** What a Cognito pool is checked by; `undefined` for other providers, whose refusals cannot be read as well. */
export function asCognito(settings: ProviderSettings, own: OwnAddresses): CheckedProvider | undefined {
  const { authorizationEndpoint, tokenEndpoint, endSessionEndpoint } = settings.endpoints
  if (!settings.isCognito || authorizationEndpoint === undefined || tokenEndpoint === undefined) return undefined
  return { ...settings, ...own, authorizationEndpoint, tokenEndpoint, endSessionEndpoint }
}

/** Asks a provider everything that can be proved without a user. */
export function checkProvider(
  settings: ProviderSettings,
  own: OwnAddresses,
  probe: Probe,
): Promise<readonly Finding[]> {
  const cognito = asCognito(settings, own)
  return cognito === undefined ? checkGeneral({ ...settings, ...own }, probe) : checkCognito(cognito, probe)
}
