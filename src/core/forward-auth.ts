import { originForm } from './canonical-path.ts'
import { GatewayError } from './errors.ts'
import { headerValues, type RawHeaders } from './headers.ts'

/** What a front proxy asks about: somebody else's request, which it holds. */
export interface Asked {
  readonly method: string
  /** As the client wrote them: not yet canonical, not yet known to be ours. */
  readonly host: string
  readonly target: string
  /** What the proxy can do with somebody who has not signed in: pass a redirect on, or only a status. */
  readonly unauthenticated: 'redirect' | 'status'
}

/** The call by which it asks. */
interface Call {
  readonly method: string
  /** The request target, as it came. */
  readonly url: string
  readonly headers: RawHeaders
}

/**
 * The request that a call for `path` is about: as nginx says it (`X-Original-*`), as Traefik and Caddy do
 * (`X-Forwarded-*`), or as Envoy does, whose call is the request with `path` in front. Never two of them: the client may
 * have written the other. Throws `route_not_found` for other addresses, `bad_request` for what is missing or there twice.
 */
export function askedBy({ method, url, headers }: Call, path: string): Asked {
  const has = (...names: string[]) => names.some((name) => headerValues(headers, name).length > 0)
  const original = has('x-original-method', 'x-original-url')
  const forwarded = has('x-forwarded-method', 'x-forwarded-uri')

  if (url.startsWith(`${path}/`)) {
    if (original || forwarded) throw new GatewayError('bad_request')
    return { method, host: only(headers, 'host'), target: url.slice(path.length), unauthenticated: 'redirect' }
  }
  const [asked, query, ...more] = url.split('?')
  if (asked !== path) throw new GatewayError('route_not_found')
  if (original === forwarded || more.length > 0) throw new GatewayError('bad_request')
  const unauthenticated = unauthenticatedIn(query)
  if (original) {
    const { target, host } = originForm(only(headers, 'x-original-url'))
    if (host === undefined) throw new GatewayError('bad_request')
    return { method: only(headers, 'x-original-method'), host, target, unauthenticated }
  }
  const host = only(headers, 'x-forwarded-host')
  return {
    method: only(headers, 'x-forwarded-method'),
    host,
    target: targetOn(host, only(headers, 'x-forwarded-uri')),
    unauthenticated,
  }
}

function unauthenticatedIn(query: string | undefined): Asked['unauthenticated'] {
  if (query === undefined || query === '') return 'status'
  if (query === 'unauthenticated=redirect') return 'redirect'
  throw new GatewayError('bad_request')
}

/** A target with a host of its own must not name another. */
function targetOn(host: string, uri: string): string {
  const { target, host: named } = originForm(uri)
  if (named !== undefined && named !== host) throw new GatewayError('bad_request')
  return target
}

function only(headers: RawHeaders, name: string): string {
  const [value = '', ...more] = headerValues(headers, name)
  if (value === '' || more.length > 0) throw new GatewayError('bad_request')
  return value
}
