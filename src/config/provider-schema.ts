import Type from 'typebox'
import { cognito } from './cognito-schema.ts'
import { oauth2 } from './oauth2-schema.ts'
import { oidc } from './oidc-schema.ts'

/** A provider; its `type` says which keys it has. */
export const provider = Type.Union([cognito, oidc, oauth2], {
  description: 'A provider; its type says which keys it has.',
  errorMessage: 'must be a mapping of keys to values',
})
