import { clientAuthentications } from './client.ts'
import { type McpRoute, scopesOf } from './resources.ts'

/** What all issuers have in common. */
export interface AuthorizationServerSettings {
  readonly basePath: string
  /** Clients are known by the document at their id. */
  readonly readsDocuments: boolean
}

/** What clients read of an authorization server (RFC 8414 section 2). */
export function authorizationServerMetadata(
  issuer: string,
  resources: readonly McpRoute[],
  { basePath, readsDocuments }: AuthorizationServerSettings,
) {
  const endpoint = (name: string) => endpointOf(issuer, basePath, name)
  return {
    issuer,
    authorization_endpoint: endpoint('authorize'),
    token_endpoint: endpoint('token'),
    registration_endpoint: endpoint('register'),
    revocation_endpoint: endpoint('revoke'),
    scopes_supported: [...new Set([...resources.flatMap(scopesOf), 'offline_access'])],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: clientAuthentications,
    token_endpoint_auth_signing_alg_values_supported: signingAlgorithms,
    revocation_endpoint_auth_methods_supported: clientAuthentications,
    revocation_endpoint_auth_signing_alg_values_supported: signingAlgorithms,
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: readsDocuments,
    protected_resources: resources.map(({ mcp }) => mcp.resource),
  }
}

/** Where an endpoint of an issuer is. */
export function endpointOf(issuer: string, basePath: string, name: string): string {
  return `${issuer}${basePath}/${name}`
}

/** With what clients may sign their assertions: nothing that the gateway could sign itself. */
export const signingAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]
