import { GatewayError } from '../core/errors.ts'

/** Node's and OpenSSL's names for a certificate that does not verify. */
const certificate = /^(?:ERR_TLS_CERT|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/

/** What the caller is told when an upstream fails us; where it lives and why it failed stays in the log. */
export function upstreamError(error: unknown): GatewayError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof GatewayError) return cause
    const code = 'code' in cause ? String(cause.code) : ''
    if (certificate.test(code)) return new GatewayError('upstream_certificate', { cause })
    if (code === 'ETIMEDOUT') return new GatewayError('upstream_timeout', { cause })
  }
  return new GatewayError('upstream_unreachable', { cause: error })
}
