import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 256 random bits, base64url: an id nobody can guess. */
export function randomId(): string {
  return randomBytes(32).toString('base64url')
}

/** SHA-256, base64url. What the store knows of a secret. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** Whether two secrets are equal, in a time that does not depend on where they differ. */
export function isEqualSecret(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}

/** Whether two digests of `sha256` are equal, in a time that does not depend on where they differ. */
export function isEqualDigest(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

/** The S256 code challenge of a verifier (RFC 7636 section 4.2). */
export function codeChallenge(verifier: string): string {
  return sha256(verifier)
}
