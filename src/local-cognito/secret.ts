import { createHash, timingSafeEqual } from 'node:crypto'

/** Compares without telling by its time how much was right. */
export function isSame(presented: string, expected: string): boolean {
  return timingSafeEqual(sha256(presented), sha256(expected))
}

/** The S256 challenge of a PKCE verifier (RFC 7636 section 4.2). */
export function challengeOf(verifier: string): string {
  return sha256(verifier).toString('base64url')
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
