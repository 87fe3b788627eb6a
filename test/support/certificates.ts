import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where a certificate of the tests lies: `ca.pem`, `server.key`, … */
export function certificateFile(name: string): string {
  return fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))
}

/** Its text (PEM). */
export function certificate(name: string): string {
  return readFileSync(certificateFile(name), 'utf8')
}
