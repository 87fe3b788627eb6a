import { BlockList, isIP, isIPv4 } from 'node:net'
import type { TrustedProxies } from '../core/client.ts'

/** Trusts the addresses of these ranges (`10.0.0.0/8`, or one address alone), and IPv4 ones also written as IPv6. */
export function createTrustedProxies(ranges: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    list.addSubnet(address, Number(prefix ?? (isIPv4(address) ? 32 : 128)), familyOf(address))
  }
  return {
    trusts: ranges.length === 0 ? () => false : (address) => list.check(withoutZone(address), familyOf(address)),
    isAddress: (text) => isIP(text) !== 0 && !text.includes('%'),
  }
}

const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6')

/** Node names the interface after a link-local address (RFC 4007 section 11). */
const withoutZone = (address: string) => address.replace(/%.*$/, '')
