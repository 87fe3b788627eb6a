import { Resolver } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { Client } from 'undici'
import type { FetchDocument } from '../core/mcp/kept-documents.ts'
import { isPublicAddress } from './public-addresses.ts'

/** The internet, as far as addresses that anybody may name lead to it. Tests have one of their own. */
export interface Internet {
  /** All IP addresses of a host name. */
  readonly resolve: (hostname: string) => Promise<readonly string[]>
  readonly isPublic: (address: string) => boolean
  /** Who vouches for its hosts (PEM); by default whom Node trusts. */
  readonly ca?: string
  /** How long one document may take, in milliseconds. */
  readonly timeoutMs: number
}

const maxBytes = 64 * 1024

/**
 * Asks name servers alone, without Node's few threads, which a slow one would keep from everything else, and without the
 * hosts file and the search domains of this machine.
 */
export const publicInternet: Internet = {
  async resolve(hostname) {
    const resolver = new Resolver({ timeout: 2_000, tries: 2 })
    const found = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    return found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  },
  isPublic: isPublicAddress,
  timeoutMs: 5_000,
}

/**
 * Gets a JSON document from an https address that anybody may have named: at public addresses only, of a host whose
 * certificate is good, 64 KB at most, in one answer without a redirect, in time. Throws; why is for the log alone, since
 * it tells of networks that whoever named the address may not see.
 */
export function createFetchPublic({ resolve, isPublic, ca, timeoutMs }: Internet): FetchDocument {
  return async function fetchPublic(address) {
    const { origin, hostname, pathname, search } = checked(address)
    const signal = AbortSignal.timeout(timeoutMs)
    const addresses = await inTime(resolve(hostname), signal)
    // A name that leads outside and inside at once is a trap, or not meant for us.
    const inner = addresses.find((ip) => !isPublic(ip))
    if (inner !== undefined) throw new Error(`${hostname} leads to ${inner}, which is not public`)
    if (addresses.length === 0) throw new Error(`${hostname} leads nowhere`)
    const client = new Client(origin, {
      connect: { lookup: pinnedTo(addresses), timeout: timeoutMs, ...(ca && { ca }) },
      maxResponseSize: maxBytes,
    })
    try {
      const { statusCode, headers, body } = await client.request({
        method: 'GET',
        path: pathname + search,
        headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'toolgate' },
        signal,
      })
      if (statusCode !== 200) throw new Error(`${hostname} answers with status ${statusCode}`)
      if (!isJson.test(String(headers['content-type']))) throw new Error(`${hostname} does not answer with JSON`)
      return { text: await body.text(), maxAgeMs: maxAgeMs(String(headers['cache-control']), Number(headers.age ?? 0)) }
    } finally {
      await client.destroy()
    }
  }
}

/** In its place where nothing is to be asked for. */
export const fetchNothing: FetchDocument = async (address) => {
  throw new Error(`${address} is not asked: mcp.client_documents is false`)
}

const isJson = /^application\/([\w.-]+\+)?json *(;|$)/i

/** Ports below 1024, but for that of https, are of services that no browser would be sent to either. */
function checked(address: string): URL {
  const url = new URL(address)
  if (url.protocol !== 'https:') throw new Error(`${address} is not https`)
  if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) throw new Error(`${address} has no host name`)
  if (url.port !== '' && Number(url.port) < 1024) throw new Error(`${address} has a port of another service`)
  return url
}

/** Connects to what was checked, whatever the name leads to by then. */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, options, found) => {
    if (options.all) found(null, all)
    else found(null, all[0]?.address ?? '', all[0]?.family)
  }
}

/** How long an answer may be kept (RFC 9111 section 5.2.2): not at all is 0, nothing said is `undefined`. */
function maxAgeMs(cacheControl: string, age: number): number | undefined {
  if (/\bno-(store|cache)\b/i.test(cacheControl)) return 0
  const seconds = /\bmax-age *= *"?(\d+)/i.exec(cacheControl)?.[1]
  return seconds === undefined ? undefined : Math.max(0, Number(seconds) - (Number.isFinite(age) ? age : 0)) * 1000
}

async function inTime<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: end, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return Promise.race([promise, end])
}
