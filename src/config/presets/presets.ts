import { auth0 } from './auth0.ts'
import { entra } from './entra.ts'
import { github } from './github.ts'
import { google } from './google.ts'
import { keycloak } from './keycloak.ts'
import { okta } from './okta.ts'
import { workos } from './workos.ts'

/** Every preset, by the `type` that names it. */
export const presets = { auth0, entra, github, google, keycloak, okta, workos } as const
