import { GatewayError } from './errors.ts'
import { headerText, type RawHeaders } from './headers.ts'

/** The proxies in front of us. */
export interface TrustedProxies {
  /** Whether whoever connects from this address may say for whom. */
  readonly trusts: (address: string) => boolean
  /** Whether a text is an IP address. */
  readonly isAddress: (text: string) => boolean
}

/** Who made a request, and how it arrived at the outermost proxy; `undefined` where nobody we trust says so. */
export interface Client {
  readonly address: string
  readonly host: string | undefined
  readonly scheme: Scheme | undefined
}

type Scheme = 'http' | 'https'

/** What one kind of header says. */
type Told = { readonly [Key in keyof Client]: Client[Key] | undefined }

/**
 * Who made a request that came over a connection from `peer`: whom trusted proxies name, else the peer itself.
 * `X-Forwarded-*` and `Forwarded` (RFC 7239) must not contradict each other: a proxy writes one of them and passes on
 * what the client wrote into the other. Throws `bad_request`.
 */
export function clientOf(raw: RawHeaders, peer: string, proxies: TrustedProxies): Client {
  const address = withoutMapping(peer)
  if (!proxies.trusts(address)) return { address, host: undefined, scheme: undefined }
  const told = [byXForwarded(raw, address, proxies), byForwarded(raw, address, proxies)] as const
  return {
    address: agreed(told, 'address') ?? address,
    host: agreed(told, 'host'),
    scheme: agreed(told, 'scheme'),
  }
}

/** For whom a proxy asks that does not pass the request on: what it says of itself in `X-Forwarded-For`, else its address. */
export function askedFor(raw: RawHeaders, peer: string, proxies: TrustedProxies): string {
  const proxy = withoutMapping(peer)
  return byXForwarded(raw, proxy, proxies).address ?? proxy
}

function agreed<Key extends keyof Told>([one, other]: readonly [Told, Told], key: Key): Told[Key] {
  if (one[key] !== undefined && other[key] !== undefined && one[key] !== other[key]) {
    throw new GatewayError('bad_request')
  }
  return one[key] ?? other[key]
}

/** Of several hosts or schemes the last is that of the proxy that talks to us. */
function byXForwarded(raw: RawHeaders, peer: string, proxies: TrustedProxies): Told {
  const entries = listed(raw, 'x-forwarded-for')
  return {
    address: entries.length === 0 ? undefined : walk(entries, peer, proxies).address,
    host: hostIn(listed(raw, 'x-forwarded-host').at(-1)),
    scheme: schemeIn(listed(raw, 'x-forwarded-proto').at(-1)),
  }
}

/** Each element is of one proxy: the one that met the client knows what the client asked for. */
function byForwarded(raw: RawHeaders, peer: string, proxies: TrustedProxies): Told {
  const elements = forwardedElements(headerText(raw, 'forwarded') ?? '')
  const { address, steps } = walk(
    elements.map((element) => element.get('for') ?? ''),
    peer,
    proxies,
  )
  const met = elements.at(-Math.max(1, steps))
  const isTold = elements.some((element) => element.has('for'))
  return { address: isTold ? address : undefined, host: hostIn(met?.get('host')), scheme: schemeIn(met?.get('proto')) }
}

/** From the nearest on, each trusted address vouches for the one before it. Ends at what is no address. */
function walk(entries: readonly string[], peer: string, proxies: TrustedProxies) {
  let address = peer
  let steps = 0
  for (const entry of entries.toReversed()) {
    const before = addressIn(entry, proxies)
    if (before === undefined || !proxies.trusts(address)) break
    address = before
    steps++
  }
  return { address, steps }
}

/** An address, also with a port and in brackets. `undefined` for `unknown`, `_hidden` and the like (RFC 7239 section 6). */
function addressIn(entry: string, { isAddress }: TrustedProxies): string | undefined {
  const bare = isAddress(entry) ? entry : entry.replace(/^\[(.*)\](?::\w+)?$|^([^:]+):\w+$/, '$1$2')
  return isAddress(bare) ? withoutMapping(bare) : undefined
}

/** An IPv4 address as a socket for both families writes it (RFC 4291 section 2.5.5.2). */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

function hostIn(text: string | undefined): string | undefined {
  return text?.toLowerCase() || undefined
}

function schemeIn(text = ''): Scheme | undefined {
  const scheme = /^(?:http|ws)(s?)$/i.exec(text)
  return scheme === null ? undefined : scheme[1] ? 'https' : 'http'
}

function listed(raw: RawHeaders, name: string): readonly string[] {
  const text = headerText(raw, name)
  return text === undefined ? [] : text.split(',').map((entry) => entry.trim())
}

const token = "[!#$%&'*+\\-.^_`|~\\w]+"
const pairPattern = `(?:(${token})=(?:"((?:[^"\\\\]|\\\\.)*)"|(${token})))?[ \\t]*(?:([;,])[ \\t]*|$)`

/** RFC 7239 section 4: elements with their parameters, names in lower case. Throws `bad_request`. */
function forwardedElements(header: string): readonly ReadonlyMap<string, string>[] {
  const text = header.trim()
  const pair = new RegExp(pairPattern, 'y')
  const elements = [new Map<string, string>()]
  while (pair.lastIndex < text.length) {
    const match = pair.exec(text)
    const element = elements.at(-1)
    if (match === null || element === undefined) throw new GatewayError('bad_request')
    const [, name, quoted, plain, end] = match
    if (name !== undefined) {
      if (element.has(name.toLowerCase())) throw new GatewayError('bad_request')
      element.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
    }
    if (end === ',') elements.push(new Map())
  }
  return elements.filter(({ size }) => size > 0)
}
