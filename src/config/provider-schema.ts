import Type from 'typebox'
import { cognito } from './cognito-schema.ts'
import { oauth2 } from './oauth2-schema.ts'
import { oidc } from './oidc-schema.ts'
import { presetProvider } from './preset-schema.ts'
import { presets } from './presets/presets.ts'

/** A provider; its `type` says which keys it has. */
export const provider = Type.Union(
  [
    cognito,
    oidc,
    oauth2,
    presetProvider('auth0', presets.auth0),
    presetProvider('entra', presets.entra),
    presetProvider('github', presets.github),
    presetProvider('google', presets.google),
    presetProvider('keycloak', presets.keycloak),
    presetProvider('okta', presets.okta),
    presetProvider('workos', presets.workos),
  ],
  {
    description: 'A provider; its type says which keys it has.',
    errorMessage: 'must be a mapping of keys to values',
  },
)
