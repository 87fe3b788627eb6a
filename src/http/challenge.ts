import type { FastifyRequest } from 'fastify'
import type { GatewayError, GatewayErrorCode } from '../core/errors.ts'

/** The header that tells how to get in (RFC 6750 section 3), where a failure is about that. Who presented nothing made no error. */
export function challenge({ code, status, scopes }: GatewayError, request: FastifyRequest): Record<string, string> {
  const bearer = (parameters: string) => ({ 'www-authenticate': `Bearer${parameters}` })
  if (request.challenge !== undefined && (status === 401 || scopes !== undefined)) {
    return bearer(mcpChallenge(code, scopes ?? request.challenge.scopes, request.challenge.resourceMetadata))
  }
  // All scopes that the request needs, not just those that are missing.
  if (scopes !== undefined) return bearer(` error="insufficient_scope", scope="${scopes.join(' ')}"`)
  if (code === 'invalid_token') return bearer(' error="invalid_token"')
  return status === 401 ? bearer('') : {}
}

/** RFC 6750 section 3.1: what is wrong with the token that came. */
const errors: { readonly [Code in GatewayErrorCode]?: string } = {
  invalid_token: 'invalid_token',
  mcp_session_refused: 'invalid_token',
  insufficient_scope: 'insufficient_scope',
}

/** What an MCP client needs to get a token that will do (RFC 9728 section 5.1). */
function mcpChallenge(code: GatewayErrorCode, scopes: readonly string[], resourceMetadata: string): string {
  const error = errors[code] === undefined ? '' : ` error="${errors[code]}",`
  const scope = scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : ''
  return `${error} resource_metadata="${resourceMetadata}"${scope}`
}
