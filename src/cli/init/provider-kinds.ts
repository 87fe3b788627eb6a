import type { Preset } from '../../config/presets/preset.ts'
import { presets } from '../../config/presets/presets.ts'
import { UsageError } from '../run.ts'
import { cognito } from './cognito.ts'
import { presetKind } from './preset-kind.ts'
import type { ProviderKind } from './provider-kind.ts'
import { oauth2, oidc } from './standard-kinds.ts'

const fromPresets = Object.entries<Preset>(presets).map(([type, preset]) => [type, presetKind(type, preset)] as const)

/** By the `type` of the provider in the config, which is also the name it gets there. The first is the usual one. */
export const providerKinds: Readonly<Record<string, ProviderKind>> = {
  cognito,
  ...Object.fromEntries(fromPresets),
  oidc,
  oauth2,
}

/** Throws UsageError for a type there is not. */
export function kindOf(type: string): ProviderKind {
  const kind = Object.hasOwn(providerKinds, type) ? providerKinds[type] : undefined
  if (kind === undefined) throw new UsageError(`--provider must be one of ${Object.keys(providerKinds).join(', ')}.`)
  return kind
}
