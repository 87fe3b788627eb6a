/** A cookie's name, of a pair or of a `Set-Cookie`. A browser sends `=name=value`, set without a name, as `name=value`. */
export function cookieNameOf(cookie: string): string {
  return /^[\s=]*([^=;]*)/.exec(cookie)?.[1]?.trim() ?? ''
}

/** Whether a cookie of this name is one of ours. */
export function isOurCookie(name: string, cookieName: string): boolean {
  return name === cookieName || name.startsWith(`${cookieName}.`)
}

/** A `Cookie` header without our own. */
export function withoutOurCookies(cookieHeader: string, cookieName: string): string {
  // Ours alone is what most requests bring.
  if (cookieHeader.startsWith(`${cookieName}=`) && !cookieHeader.includes(';')) return ''
  const pairs = cookieHeader.split(';').map((pair) => pair.trim())
  return pairs.filter((pair) => pair !== '' && !isOurCookie(cookieNameOf(pair), cookieName)).join('; ')
}
