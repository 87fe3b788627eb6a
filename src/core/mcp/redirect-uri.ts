import { isLoopback } from '../loopback.ts'

/** Schemes that run code, or read what is on the machine: no app of its own answers to them. */
const foreignSchemes = new Set(
  `javascript data vbscript file blob about filesystem view-source jar ws wss ftp mailto tel sms`
    .split(' ')
    .map((name) => `${name}:`),
)

/**
 * Where a code may be sent: `web` (https), an app on the person's machine by `loopback` (RFC 8252 section 7.3), or by a
 * scheme that is its own, `private_use` (section 7.1). `undefined` for what is no redirect URI.
 */
export type RedirectKind = 'web' | 'loopback' | 'private_use'

/** The kind of a redirect URI, taken to the letter: one that a browser would read as another is none. */
export function redirectKind(value: string): RedirectKind | undefined {
  const url = URL.parse(value)
  if (url === null || /[\s\\#\p{Cc}]/u.test(value) || url.username !== '' || url.password !== '') return undefined
  if (!value.startsWith(url.protocol) || foreignSchemes.has(url.protocol)) return undefined
  if (url.protocol === 'https:') return 'web'
  if (url.protocol === 'http:') return isLoopback(url.hostname) ? 'loopback' : undefined
  return 'private_use'
}

/** Whether one of the registered URIs is this one: to the letter, but for the port of a loopback address. */
export function isRegistered(redirectUri: string, registered: readonly string[]): boolean {
  if (registered.includes(redirectUri)) return true
  if (redirectKind(redirectUri) !== 'loopback') return false
  return registered.some((uri) => redirectKind(uri) === 'loopback' && withoutPort(uri) === withoutPort(redirectUri))
}

/** Host names are compared as they are: `localhost` is not `127.0.0.1` (RFC 8252 section 8.3). */
function withoutPort(value: string): string {
  const { protocol, hostname, pathname, search } = new URL(value)
  return `${protocol}//${hostname}${pathname}${search}`
}

/** Where it leads, as people are told: the host, or for an app on their machine the whole address. */
export function redirectPlace(redirectUri: string): string {
  return redirectKind(redirectUri) === 'web' ? new URL(redirectUri).host : redirectUri
}
