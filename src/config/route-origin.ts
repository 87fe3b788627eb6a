/**
 * The origin of a route on this host; that of public_url without one. All hosts are reached as public_url is: by its scheme,
 * and by its port unless they name another.
 */
export function routeOrigin(host: string | undefined, publicUrl: string): string {
  const url = URL.parse(publicUrl)
  if (host === undefined || url === null) return publicUrl
  return URL.parse(`${url.protocol}//${host.includes(':') ? host : `${host}:${url.port}`}`)?.origin ?? publicUrl
}
