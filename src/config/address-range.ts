import { BlockList, isIP, isIPv4 } from 'node:net'
import Type from 'typebox'
import { type Shown, text } from './leaves.ts'

/** Addresses as `10.0.0.0/8`, `fd00::/8`, or one alone: those of our own proxies, never of everybody. */
export function addressRange(shown: Shown) {
  return Type.Refine(
    text(shown),
    (range) => faultIn(range) === undefined,
    (range) => faultIn(range) ?? '',
  )
}

/** IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2). */
const mapped = new BlockList()
mapped.addSubnet('::ffff:0:0', 96, 'ipv6')

function faultIn(range: string): string | undefined {
  const [, address = '', length] = /^([0-9a-f.:]+)(?:\/(\d+))?$/i.exec(range) ?? []
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  const width = family === 'ipv4' ? 32 : 128
  const prefix = Number(length ?? width)
  if (isIP(address) === 0) {
    return 'must be a range of addresses such as 10.0.0.0/8 or fd00::/8; names of hosts are not looked up'
  }
  if (prefix > width || (length !== undefined && length !== String(prefix))) {
    return 'must end with a prefix length that fits: at most /32 for IPv4, /128 for IPv6'
  }
  if (family === 'ipv6' && mapped.check(address, family)) return 'is IPv4 written as IPv6; write it as IPv4: 10.0.0.0/8'

  const list = new BlockList()
  list.addSubnet(address, prefix, family)
  // No wider than the widest private ranges, 10.0.0.0/8 and fc00::/7, and not around all of IPv4.
  if (family === 'ipv4' ? prefix < 8 : prefix < 7 || list.check('0.0.0.0')) {
    return 'would let strangers say who they are; name the addresses of your proxies only'
  }
  if (bitsOf(address) % 2n ** BigInt(width - prefix) !== 0n) {
    return 'has bits set after its prefix; write the first address of the range, or one address alone'
  }
  return undefined
}

function bitsOf(address: string): bigint {
  if (isIPv4(address)) return bits(address.split('.').map(Number), 2)
  const [front = [], back = []] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter(Boolean))
  const zeros = Array<string>(8 - front.length - back.length).fill('0')
  return bits(
    [...front, ...zeros, ...back].map((group) => Number.parseInt(group, 16)),
    4,
  )
}

function bits(numbers: readonly number[], digits: number): bigint {
  return BigInt(`0x${numbers.map((number) => number.toString(16).padStart(digits, '0')).join('')}`)
}
