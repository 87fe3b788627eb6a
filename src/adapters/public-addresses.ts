import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * Networks that are no public host's: private, shared, local, reserved, of documentation and benchmarks, multicast. IPv6
 * is public below 2000::/3 alone; there, too, are some that stand for something else (IANA special-purpose registries).
 */
const ipv4Networks = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
  203.0.113.0/24 224.0.0.0/4 240.0.0.0/4`
const ipv6Networks = '2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20'

const notPublic = new BlockList()
for (const network of [...ipv4Networks.split(/\s+/), ...ipv6Networks.split(' ')]) {
  const [address = '', prefix] = network.split('/')
  notPublic.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6')
}

const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')

/**
 * Whether an address is one of the public internet. IPv4 written as IPv6 is not, however it is done (mapped, compatible,
 * NAT64, 6to4, Teredo): what it leads to is not what it says.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !notPublic.check(address, 'ipv4')
  return isIPv6(address) && globalUnicast.check(address, 'ipv6') && !notPublic.check(address, 'ipv6')
}
