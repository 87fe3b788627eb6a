/** Header names as Node gives them: pairs of name and value, as they came over the wire. */
export type RawHeaders = readonly string[]

/** The values of all headers of a name (lower case), in order. */
export function headerValues(raw: RawHeaders, wanted: string): readonly string[] {
  const values: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (name.length === wanted.length && name.toLowerCase() === wanted) values.push(raw[i + 1] ?? '')
  }
  return values
}

/** The values of all headers of a name, as the one list that they are (RFC 9110 section 5.2). `undefined` without any. */
export function headerText(raw: RawHeaders, wanted: string, separator = ','): string | undefined {
  const values = headerValues(raw, wanted)
  return values.length === 0 ? undefined : values.join(separator)
}

/**
 * Two names an upstream might take for one: CGI, WSGI and PHP read `-`, `_` and `.` alike and ignore case; lighttpd and
 * older Apaches do so with everything that is no letter and no digit.
 */
export function foldHeaderName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** RFC 9110 section 7.6.1 and its forerunners: for one connection only. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Whether a header is by its nature for one connection only. `name` in lower case. */
export function isHopByHop(name: string): boolean {
  return hopByHop.has(name)
}

/** The headers that a `Connection` header says are for one connection only, in lower case. */
export function connectionOptions(connection: string | undefined): readonly string[] {
  if (connection === undefined || connection === 'keep-alive') return []
  return connection
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
}

/** Whether a value is a list of header names (RFC 9110 sections 5.1 and 5.6.1). */
export function isHeaderList(value: string): boolean {
  return value.split(',').every((name) => /^[!#$%&'*+\-.^_`|~\w]+$/.test(name.trim()))
}

/** A `Vary` with these names in it; `*` holds all. */
export function varyBy(vary: unknown, names: readonly string[]): string {
  const value = vary === undefined ? '' : String(vary)
  const there = value.split(',').map((name) => name.trim().toLowerCase())
  const missing = there.includes('*') ? [] : names.filter((name) => !there.includes(name.toLowerCase()))
  return [value, ...missing].filter(Boolean).join(', ')
}

/**
 * A value as it may stand in a header: UTF-8, percent-encoded outside %x20-7E, `%` itself too.
 * `undefined` when it holds control characters.
 */
export function headerValue(value: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass
  if (/[\x00-\x1f\x7f]/.test(value) || !value.isWellFormed()) return undefined
  return value.replace(/[^\x20-\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character))
}

/** A list as one header value: entries joined by commas, a comma inside an entry percent-encoded. */
export function headerList(values: readonly string[]): string | undefined {
  const entries = values.map(headerValue).filter((value) => value !== undefined)
  return entries.length === 0 ? undefined : entries.map((entry) => entry.replaceAll(',', '%2C')).join(',')
}
