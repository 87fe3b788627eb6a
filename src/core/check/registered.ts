import { isLoopback } from '../loopback.ts'

const ports = ['', ':8080', ':3000', ':8000', ':5000', ':80', ':443', ':8443', ':4180', ':9090']
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']
/** Callback paths of other gateways and libraries, which the client may have been made for. */
const otherPaths = ['/callback', '/oauth2/callback', '/oauth2/idpresponse', '/auth/callback']
const manyCases = 40

/**
 * What people register in the place of `url`, as rounds to ask one after the other: first what differs in one thing,
 * then in two. Byte by byte, as providers compare; a URL parser would fold the case of the host.
 */
export function neighbours(url: string): readonly (readonly string[])[] {
  const { scheme, host, port, path } = partsOf(url)
  const bare = path.replace(/\/+$/, '')
  const paths = [bare, `${bare}/`].filter((candidate) => candidate !== path)
  const otherScheme = scheme === 'https' ? 'http' : 'https'
  const hosts = isLoopback(host) ? loopbackHosts : [host]

  const once = [
    ...paths.map((other) => scheme + rest(host, port, other)),
    ...pathCases(path).map((other) => scheme + rest(host, port, other)),
    ...hostCases(host).map((other) => scheme + rest(other, port, path)),
    ...hosts.map((other) => scheme + rest(other, port, path)),
    otherScheme + rest(host, port, path),
    ...ports.map((other) => scheme + rest(host, other, path)),
  ]
  const twice = [
    ...otherPaths.map((other) => scheme + rest(host, port, other)),
    ...[path, ...paths].flatMap((otherPath) => [
      ...hosts.flatMap((otherHost) => ports.map((otherPort) => scheme + rest(otherHost, otherPort, otherPath))),
      otherScheme + rest(host, '', otherPath),
      otherScheme + rest(host, port, otherPath),
    ]),
  ]
  const first = unique(once).filter((candidate) => candidate !== url)
  return [first, unique(twice).filter((candidate) => candidate !== url && !first.includes(candidate))]
}

const rest = (host: string, port: string, path: string) => `://${host}${port}${path}`
const unique = (urls: readonly string[]) => [...new Set(urls)]

interface Parts {
  readonly scheme: string
  readonly host: string
  /** With its colon, or empty. */
  readonly port: string
  readonly path: string
}

function partsOf(url: string): Parts {
  const [, scheme = '', host = '', port = '', path = ''] = /^(\w+):\/\/(\[[^\]]*\]|[^:/]*)(:\d+)?(.*)$/.exec(url) ?? []
  return { scheme, host, port, path }
}

/** `/oauth/callback` as `/OAuth/callback`, `/oauth/Callback`, `/OAUTH/CALLBACK`, … */
function pathCases(path: string): readonly string[] {
  const bySegment = path.split('/').map(wordCases)
  return bySegment
    .reduce<string[]>(
      (heads, words, index) =>
        heads.flatMap((head) => words.map((word) => (index === 0 ? word : `${head}/${word}`))).slice(0, manyCases),
      [''],
    )
    .filter((candidate) => candidate !== path)
}

function wordCases(word: string): readonly string[] {
  const lower = word.toLowerCase()
  const spelled: Readonly<Record<string, string>> = { oauth: 'OAuth', oauth2: 'OAuth2', callback: 'CallBack' }
  return unique([word, capital(lower), lower.toUpperCase(), lower, spelled[lower] ?? lower])
}

const hostCases = (host: string) => (/[a-z]/i.test(host) ? [capital(host), host.toUpperCase()] : [])
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

/** Those that are registered, of the first round that has any. `isRegistered` asks for one. */
export async function findRegistered(
  rounds: readonly (readonly string[])[],
  isRegistered: (candidate: string) => Promise<boolean>,
): Promise<readonly string[]> {
  for (const round of rounds) {
    const found = await filter(round, isRegistered)
    if (found.length > 0) return found
  }
  return []
}

/** A few at a time: a provider counts requests. Keeps the order. */
async function filter(candidates: readonly string[], holds: (candidate: string) => Promise<boolean>) {
  const answers = new Map<string, boolean>()
  const queue = candidates.values()
  const ask = async () => {
    for (const candidate of queue) answers.set(candidate, await holds(candidate))
  }
  await Promise.all(Array.from({ length: 8 }, ask))
  return candidates.filter((candidate) => answers.get(candidate))
}

/** How two URLs differ, in words: `the slash at the end`, `letter case`, `the port`, … */
export function difference(a: string, b: string): string {
  const [one, two] = [partsOf(a), partsOf(b)]
  const words: string[] = []
  if (one.scheme !== two.scheme) words.push('the scheme (http or https)')
  if (one.host !== two.host) words.push(isSameFolded(one.host, two.host) ? 'letter case of the host' : 'the host')
  if (one.port !== two.port) words.push('the port')
  const [pathOne, pathTwo] = [one.path, two.path].map((path) => path.replace(/\/+$/, '')) as [string, string]
  if (pathOne !== pathTwo) words.push(isSameFolded(pathOne, pathTwo) ? 'letter case' : 'the path')
  else if (one.path !== two.path) words.push('the slash at the end')
  return words.join(' and ')
}

/** The document about addresses that are not registered; a slash at the end has one of its own. */
export function docsOfDifference(ours: string, registered: readonly string[]): string {
  const isSlash = registered.some((url) => difference(ours, url) === 'the slash at the end')
  return isSlash ? 'docs/trailing-slash.md' : 'docs/callback-mismatch.md'
}

const isSameFolded = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
