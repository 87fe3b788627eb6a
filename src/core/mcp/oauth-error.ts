/** Codes of RFC 6749 sections 4.1.2.1 and 5.2, RFC 7591 section 3.2.2, RFC 8707 section 2 and OpenID Connect Core 3.1.2.6. */
const statuses = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  invalid_scope: 400,
  invalid_target: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  unauthorized_client: 400,
  request_not_supported: 400,
  request_uri_not_supported: 400,
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
  interaction_required: 403,
} as const

/** What a client is told, by its stable name. */
export type OAuthErrorCode = keyof typeof statuses

/** A refusal that is said to the client in OAuth's terms. The message is for its developer, and holds nothing secret. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode
  readonly status: number

  /** `cause` goes to logs only. */
  constructor(code: OAuthErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'OAuthError'
    this.code = code
    this.status = statuses[code]
  }
}
