import t from 'tap'
import { isPublicAddress } from '../../src/adapters/public-addresses.ts'

t.test('addresses of the internet are public', async (t) => {
  const addresses = [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
  ]
  addresses.push('172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '198.17.0.0', '223.255.255.255')
  addresses.push('2001:200::1', '2001:4860:4860::8888', '2606:4700::1111', '2a00:1450:4001::1')
  for (const address of addresses) t.equal(isPublicAddress(address), true, address)
})

t.test('all others are not', async (t) => {
  const addresses: Readonly<Record<string, string>> = {
    'this network': '0.0.0.0 0.1.2.3',
    private: '10.0.0.0 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255',
    'shared by carriers': '100.64.0.1 100.127.255.255',
    loopback: '127.0.0.1 127.255.255.255 ::1',
    'link-local': '169.254.0.1 169.254.169.254 fe80::1 fe80::1%eth0 febf::1',
    'of protocols': '192.0.0.1 192.0.0.171 192.88.99.1',
    'of documentation': '192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1',
    'of benchmarks': '198.18.0.1 198.19.255.255 2001:2::1',
    multicast: '224.0.0.1 239.255.255.255 ff02::1 ff0e::1',
    'reserved, broadcast': '240.0.0.1 255.255.255.255 4000::1',
    unspecified: '::',
    'unique local': 'fc00::1 fdff::1',
    'site-local': 'fec0::1',
    'IPv4 mapped': '::ffff:8.8.8.8 ::ffff:10.0.0.1 ::ffff:7f00:1',
    'IPv4 compatible': '::8.8.8.8 ::127.0.0.1',
    NAT64: '64:ff9b::8.8.8.8 64:ff9b::a00:1 64:ff9b:1::a00:1',
    '6to4': '2002:a00:1::1 2002:808:808::1',
    Teredo: '2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2',
    ORCHID: '2001:10::1 2001:20::1',
    discard: '100::1',
    'segment routing': '5f00::1',
  }
  for (const [what, list] of Object.entries(addresses)) {
    for (const address of list.split(' ')) t.equal(isPublicAddress(address), false, `${what}: ${address}`)
  }
})

t.test('what is no address is not public', async (t) => {
  for (const text of [
    '',
    'localhost',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    '8.8.8.8/32',
    '[2606:4700::1]',
    '010.0.0.1',
  ]) {
    t.equal(isPublicAddress(text), false, text)
  }
})
