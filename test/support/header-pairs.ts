/** Header pairs by name; of a name that came several times, all values. */
export function fromPairs(pairs: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] ?? ''
    const there = Object.hasOwn(headers, name) ? headers[name] : undefined
    const value = there === undefined ? (pairs[i + 1] ?? '') : [there, pairs[i + 1] ?? ''].flat()
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true })
  }
  return headers
}

/** Pairs of headers by name. */
export function toPairs(headers: Readonly<Record<string, string | readonly string[]>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]))
}

/** Field lines, as they are sent, by name. */
export function fromLines(lines: string): Record<string, string | string[]> {
  const texts = lines.split('\r\n').slice(0, -1)
  return fromPairs(texts.flatMap((text) => [text.slice(0, text.indexOf(': ')), text.slice(text.indexOf(': ') + 2)]))
}
