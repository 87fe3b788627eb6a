import { isHandshake } from './web-socket.ts'

/** What a request says of where it comes from. Header names in lower case. */
export interface Origination {
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The origin that was addressed, as a browser writes it. */
  readonly origin: string
}

/** A page load in the browser's address bar, as opposed to a script, an image or a program. */
export function isNavigation({ method, headers }: Origination): boolean {
  if (isHandshake({ method, headers })) return false
  if (headers['sec-fetch-mode'] !== undefined) {
    return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  }
  if (headers['x-requested-with'] !== undefined || !(method === 'GET' || method === 'HEAD')) return false
  return String(headers.accept ?? '').includes('text/html')
}

/** A browser asks whether a page of another origin may send something (Fetch standard, CORS-preflight request). */
export function isPreflight({ method, headers }: Pick<Origination, 'method' | 'headers'>): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}

/**
 * Whether a cookie says anything about this request. It does when the request was made by a page of the same origin or
 * of a trusted one, and for a page load by GET from wherever. `ignored`: as if it were not there. `refused`: it would
 * change something, or open a WebSocket, in which pages of any origin may read and write: there `Origin` alone decides.
 */
export function cookieStanding(
  request: Origination,
  trustedOrigins: readonly string[] = [],
): 'counts' | 'ignored' | 'refused' {
  const { method, headers, origin } = request
  if (trustedOrigins.some((trusted) => trusted === headers.origin)) return 'counts'
  if (isHandshake(request)) return headers.origin === origin ? 'counts' : 'refused'
  const isSafe = method === 'GET' || method === 'HEAD'
  if (isSafe && headers['sec-fetch-mode'] !== undefined && isNavigation(request)) return 'counts'
  const site = headers['sec-fetch-site']
  const isSame = site !== undefined ? site === 'same-origin' || site === 'none' : sameOrigin(headers.origin, origin)
  if (isSame ?? isSafe) return 'counts'
  return isSafe ? 'ignored' : 'refused'
}

/** `undefined` when the request does not say. */
function sameOrigin(header: string | string[] | undefined, origin: string): boolean | undefined {
  return header === undefined ? undefined : header === origin
}
