/** The attempt's sealed cookie has to stay under the 4096 bytes that browsers take. */
const maxLength = 2048

/** Pages of ours that one may come back to. */
const ownPages = ['/', '/connections', '/test']
/** And those to which an MCP client sends its user. */
const linkPage = /^\/connections\/[a-z0-9-]+\/link$/

/** Those that a host of a route sends a browser to be signed in for, besides. */
export const hostPages = [...ownPages, '/authorize']

/**
 * The path that starts a sign-in and comes back to `returnTo`, a path on our origin; without one, or with one that is too
 * long to come back to, to the home page.
 */
export function signInPath(basePath: string, returnTo: string | undefined, provider?: string): string {
  // It is the way to another host, and goes on there.
  if (returnTo?.startsWith(`${basePath}/sign-in?`)) return returnTo
  const isKept = returnTo !== undefined && returnTo.length <= maxLength
  const query = [
    ...(provider === undefined ? [] : [`provider=${encodeURIComponent(provider)}`]),
    ...(isKept ? [`return_to=${encodeURIComponent(returnTo)}`] : []),
  ]
  return `${basePath}/sign-in${query.length === 0 ? '' : `?${query.join('&')}`}`
}

/**
 * Where to go after sign-in: path and query of `value` when the WHATWG URL rules read it as an address of `origin`,
 * else `fallback`. Our own sign-in pages are no destination, nor is an address that would not fit into a cookie.
 */
export function safeReturnTo(
  value: string | undefined,
  origin: string,
  basePath: string,
  fallback: string,
  pages = ownPages,
): string {
  if (value === undefined || value === '') return fallback
  const url = URL.parse(value, origin)
  // Not its `origin`: a blob URL has one, too, and a user name is no part of it.
  if (url === null || !url.href.startsWith(`${origin}/`)) return fallback
  // A path such as `//host` is fine on this origin, but as a `Location` a browser reads it as another host.
  if (url.pathname.startsWith('//')) return fallback
  const page = url.pathname.startsWith(`${basePath}/`) ? url.pathname.slice(basePath.length) : undefined
  if (page !== undefined && !pages.includes(page) && !linkPage.test(page)) return fallback
  const address = url.pathname + url.search
  return address.length > maxLength ? fallback : address
}

/** Which of these origins a whole address is at; `undefined` for a path, and for an address of anybody else's. */
export function originNamed(value: string | undefined, origins: readonly string[]): string | undefined {
  const href = value === undefined ? undefined : URL.parse(value)?.href
  return origins.find((origin) => href?.startsWith(`${origin}/`))
}
