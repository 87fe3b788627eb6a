import type { FailureKind, ProbeFailure } from '../core/check/probe.ts'

const byCode: Readonly<Record<string, FailureKind>> = {
  ENOTFOUND: 'unresolved',
  EAI_AGAIN: 'unresolved',
  EAI_NODATA: 'unresolved',
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
}

/** Node's and OpenSSL's names for a certificate that does not verify. */
const certificate = /^(?:ERR_TLS_CERT|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/

/** Why a connection failed, by the code of the error or of what caused it. */
export function networkFailure(error: unknown): ProbeFailure {
  let code = ''
  for (let cause = error; cause instanceof Error; cause = causeOf(cause)) {
    if ('code' in cause && typeof cause.code === 'string') code = cause.code
    if (cause.name === 'TimeoutError') return { failure: 'timeout', code: '' }
    if (certificate.test(code)) return { failure: 'certificate', code }
    const failure = byCode[code]
    if (failure !== undefined) return { failure, code }
  }
  return { failure: 'broken', code }
}

/** A host with several addresses fails with one error for each. */
function causeOf(error: Error): unknown {
  return error instanceof AggregateError ? error.errors[0] : error.cause
}
