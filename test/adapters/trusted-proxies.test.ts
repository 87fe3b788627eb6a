import t from 'tap'
import { createTrustedProxies } from '../../src/adapters/trusted-proxies.ts'

t.test('an address is trusted when a range holds it, however it is written', async (t) => {
  const { trusts } = createTrustedProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1', 'fe80::/10'])

  for (const address of [
    '10.255.0.1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '192.0.2.7',
    'fd12::1',
    '::1',
    'fe80::1%eth0',
  ])
    t.equal(trusts(address), true, address)
  for (const address of ['11.0.0.1', '::ffff:11.0.0.1', '192.0.2.8', 'fc00::1', '::2', '::a00:1', 'unknown', ''])
    t.equal(trusts(address), false, address)
})

t.test('without ranges nobody is trusted', async (t) => {
  const { trusts } = createTrustedProxies([])

  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.1']) t.equal(trusts(address), false)
})
