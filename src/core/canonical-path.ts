import { GatewayError } from './errors.ts'

/** The path that decides the route and that the upstream receives, and the query with its `?`, as it came. */
export interface RequestTarget {
  readonly path: string
  readonly search: string
}

const plain = /^(?=\/)(?:\/[\w\-~!$&'()*+,=:@][\w\-.~!$&'()*+,=:@]*)*\/?$/
const allowed = /^[\w\-.~!$&'()*+,;=:@%/]*$/
const wellEncoded = /^(?:[^%]|%[0-9A-Fa-f]{2})*$/
/** Encoded: slash, backslash, `#`, control characters. Then the same, dot and percent encoded twice. */
const refused = /%(?:2f|5c|23|[01][0-9a-f]|7f)|%25(?:2f|5c|23|2e|25|[01][0-9a-f]|7f)/i
const emptySegment = /\/\//
const dotSegment = /\/\.\.?(?:;|%3B|\/|$)/

/** A request target without scheme and host, where it came with them (RFC 9112 section 3.2.2), and that host. */
export function originForm(target: string): { readonly target: string; readonly host: string | undefined } {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target)
  if (absolute === null) return { target, host: undefined }
  const [, host = '', rest = ''] = absolute
  return { target: rest.startsWith('/') ? rest : `/${rest}`, host }
}

/** A host as it is compared: lower case, without the default port of the scheme. */
export function withoutDefaultPort(host: string, scheme: 'http' | 'https'): string {
  return host.toLowerCase().replace(scheme === 'https' ? /:443$/ : /:80$/, '')
}

/**
 * The one canonical form of a request target in origin-form (RFC 9112 section 3.2.1): unreserved characters decoded,
 * all other percent-encodings in upper case (RFC 3986 section 6.2.2). Whatever two servers might read differently is
 * refused. Throws `bad_path`.
 */
export function canonicalTarget(target: string): RequestTarget {
  const queryAt = target.indexOf('?')
  const path = queryAt < 0 ? target : target.slice(0, queryAt)
  const search = queryAt < 0 ? '' : target.slice(queryAt)
  if (search.includes('#')) throw new GatewayError('bad_path')
  return { path: plain.test(path) ? path : canonicalPath(path), search }
}

/** As `canonicalTarget`, for a path alone. Throws `bad_path`. */
export function canonicalPath(path: string): string {
  if (!path.startsWith('/') || !allowed.test(path) || !wellEncoded.test(path)) throw new GatewayError('bad_path')
  const canonical = path.replace(/%[0-9A-Fa-f]{2}/g, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return /[\w\-.~]/.test(character) ? character : encoded.toUpperCase()
  })
  // Only now: `%25%32%65` hides what `%252e` shows.
  if (refused.test(canonical) || emptySegment.test(canonical) || dotSegment.test(canonical))
    throw new GatewayError('bad_path')
  return canonical
}

/**
 * The canonical path without the parameters of its segments (`/a;x=1/b` gives `/a/b`), as some servers read it; they
 * leave out a segment of which nothing else is left, too.
 */
export function withoutParameters(path: string): string {
  return path.replace(/(?:;|%3B)[^/]*/g, '').replace(/\/{2,}/g, '/')
}
