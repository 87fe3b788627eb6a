import { OAuthError } from './oauth-error.ts'

/**
 * A parameter of a query or a form; `undefined` when it is not there or empty. Throws `invalid_request` when it is there
 * twice (RFC 6749 sections 3.1 and 3.2).
 */
export function parameter(parameters: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = parameters.getAll(name)
  if (more.length > 0) throw new OAuthError('invalid_request', `${name} is there twice`)
  return value || undefined
}

/** A parameter that has to be there. Throws `invalid_request`. */
export function required(parameters: URLSearchParams, name: string): string {
  const value = parameter(parameters, name)
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing`)
  return value
}
