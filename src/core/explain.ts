import { isAboutUs } from './authorization-response.ts'
import type { Diagnosis } from './diagnosis.ts'
import { GatewayError } from './errors.ts'
import { ProviderError } from './provider.ts'
import { usualCause } from './refusal.ts'

/** Why the provider refused: what asking it brings to light, or what such an answer usually means. */
export type Explain = (error: GatewayError) => Promise<GatewayError>

/** See `Explain`. Anything but a refusal stays as it is. */
export function createExplain(diagnosis: Diagnosis): Explain {
  return async function explain(error) {
    const { cause, provider, code } = error
    if (!(cause instanceof ProviderError) || code !== 'provider_refused' || provider === undefined) return error
    const found = isAboutUs(cause) ? await diagnosis.cause(provider.name) : undefined
    return new GatewayError(code, { ...error, cause, finding: found ?? usualCause(cause, provider.name) })
  }
}
