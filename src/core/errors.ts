import type { Finding } from './finding.ts'

/** Each code's HTTP status and the one sentence anyone may read. `docs/errors.md` has cause and remedy of each. */
const catalogue = {
  sign_in_required: [401, 'Sign in to continue.'],
  session_ended: [401, 'The session has ended. Sign in again to continue.'],
  token_required: [401, 'Send an access token to open this.'],
  invalid_token: [401, 'The access token is no good here: it is over, or was made for something else.'],
  mcp_session_refused: [401, 'This MCP session is of another user. Start a new one.'],
  access_denied: [403, 'You are signed in, but not allowed to open this.'],
  insufficient_scope: [403, 'The account has not granted what this tool needs.'],
  connection_required: [403, 'Connect the account this tool needs, then try again.'],
  cross_site: [403, 'The request came from another site and was not passed on.'],
  bad_path: [400, 'The address is ambiguous. Use a path without encoded slashes, backslashes or dot segments.'],
  bad_request: [400, 'The request is not well formed.'],
  route_not_found: [404, 'No tool lives at this address.'],
  proxy_not_trusted: [403, 'Only proxies that the gateway trusts may ask here.'],
  host_unknown: [421, 'This gateway does not serve the host that was asked for.'],
  attempt_unknown: [400, 'This sign-in was not started in this browser, or it is too old. Start again.'],
  link_expired: [400, 'This link is too old, or was cut short. Go back to your app and try again there.'],
  link_of_another: [403, 'This link is for somebody else. It cannot be used with your account.'],
  client_refused: [
    400,
    'The app that sent you here is not known, or wants an answer at an address that is not its own.',
  ],
  sign_in_loop: [400, 'Signing in came back here several times in a row, so it was stopped.'],
  body_too_large: [413, 'The request body is larger than this tool accepts.'],
  rate_limited: [429, 'Too many requests. Wait a moment, then try again.'],
  provider_refused: [400, 'The sign-in provider refused the sign-in.'],
  provider_unavailable: [503, 'The sign-in provider does not answer at the moment. Sessions are kept.'],
  store_unavailable: [503, 'Sessions cannot be read at the moment. They are kept.'],
  upstream_unreachable: [502, 'The tool does not answer.'],
  upstream_certificate: [502, "The tool's certificate could not be verified."],
  upstream_refused_token: [502, 'The tool refused a fresh token.'],
  upstream_timeout: [504, 'The tool took too long to answer.'],
  internal_error: [500, 'The gateway failed. Quote the request id to its operator.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

/** A stable name for a failure; clients and dashboards may rely on it. */
export type GatewayErrorCode = keyof typeof catalogue

/** All codes, for the documentation's test. */
export const gatewayErrorCodes = Object.keys(catalogue) as GatewayErrorCode[]

/** What may accompany a code. `cause` goes to the log only; `owner` is shown to the tool owner behind a fold. */
export interface GatewayErrorOptions {
  readonly cause?: unknown
  readonly retryAfterSeconds?: number | undefined
  readonly owner?: string | undefined
  /** Who the person is, for the page that refuses them. */
  readonly signedInAs?: string | undefined
  /** The provider it is about. */
  readonly provider?: { readonly name: string; readonly title: string } | undefined
  /** What is wrong with the set-up, for the tool owner. */
  readonly finding?: Finding | undefined
  /** All scopes that the request needs. */
  readonly scopes?: readonly string[] | undefined
}

/** The one error of the gateway. `message` is public; nothing else of it leaves the process, but `owner` on pages. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode
  readonly status: number
  readonly retryAfterSeconds: number | undefined
  readonly owner: string | undefined
  readonly signedInAs: string | undefined
  readonly provider: GatewayErrorOptions['provider']
  readonly finding: Finding | undefined
  readonly scopes: readonly string[] | undefined

  constructor(code: GatewayErrorCode, options: GatewayErrorOptions = {}) {
    const { cause, retryAfterSeconds, owner } = options
    const [status, message] = catalogue[code]
    super(message, { cause })
    this.name = 'GatewayError'
    this.code = code
    this.status = status
    this.retryAfterSeconds = retryAfterSeconds ?? (status === 503 ? 5 : undefined)
    this.owner = owner
    this.signedInAs = options.signedInAs
    this.provider = options.provider
    this.finding = options.finding
    this.scopes = options.scopes
  }
}

/** The store answers, but with a record of a newer release or sealed with a key we lack. It stays as it is. */
export class UnreadableRecord extends GatewayError {
  /** `what` is for the log. */
  constructor(what: string) {
    super('store_unavailable', { cause: new Error(what) })
  }
}

/** Whether the store did not answer at all. */
export function isStoreAway(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'store_unavailable' && !(error instanceof UnreadableRecord)
}

/** Whether the provider, or a person, ended a token set. */
export function isEnded(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'session_ended'
}
