/** The attempt's sealed cookie has to stay under the 4096 bytes that browsers take. */
const maxLength = 2048

/** Pages of ours that one may come back to. */
const ownPages = ['/', '/connections', '/test']

/**
 * The path that starts a sign-in and comes back to `returnTo`, a path on our origin; without one, or with one that is too
 * long to come back to, to the home page.
 */
export function signInPath(basePath: string, returnTo: string | undefined): string {
  const isKept = returnTo !== undefined && returnTo.length <= maxLength
  return `${basePath}/sign-in${isKept ? `?return_to=${encodeURIComponent(returnTo)}` : ''}`
}

/**
 * Where to go after sign-in: path and query of `value` when the WHATWG URL rules read it as an address of `origin`,
 * else `fallback`. Our own sign-in pages are no destination, nor is an address that would not fit into a cookie.
 */
export function safeReturnTo(value: string | undefined, origin: string, basePath: string, fallback: string): string {
  if (value === undefined || value === '') return fallback
  const url = URL.parse(value, origin)
  // Not its `origin`: a blob URL has one, too, and a user name is no part of it.
  if (url === null || !url.href.startsWith(`${origin}/`)) return fallback
  // A path such as `//host` is fine on this origin, but as a `Location` a browser reads it as another host.
  if (url.pathname.startsWith('//')) return fallback
  if (url.pathname.startsWith(`${basePath}/`) && !ownPages.includes(url.pathname.slice(basePath.length)))
    return fallback
  const address = url.pathname + url.search
  return address.length > maxLength ? fallback : address
}
