import type { GatewayErrorCode } from '../core/errors.ts'

/** What a program is told of a failure. */
interface Problem {
  readonly code: GatewayErrorCode
  readonly status: number
  readonly title: string
  readonly requestId: string
  readonly signInUrl?: string | undefined
  readonly connectUrl?: string | undefined
  readonly scope?: string | undefined
}

/** The body of `application/problem+json` (RFC 9457). */
export function problemJson({ code, status, title, requestId, signInUrl, connectUrl, scope }: Problem): string {
  const type = `urn:toolgate:error:${code}`
  const links = { sign_in_url: signInUrl, connect_url: connectUrl, scope }
  return JSON.stringify({ type, title, status, code, request_id: requestId, ...links })
}
