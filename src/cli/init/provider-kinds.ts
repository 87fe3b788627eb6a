import { cognito } from './cognito.ts'
import type { ProviderKind } from './provider-kind.ts'

/** By the `type` of the provider in the config, which is also the name it gets there. */
export const providerKinds: Readonly<Record<string, ProviderKind>> = { cognito }
