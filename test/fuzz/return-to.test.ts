import fc from 'fast-check'
import t from 'tap'
import { safeReturnTo, signInPath } from '../../src/core/return-to.ts'
import { returnAddress } from './arbitraries.ts'
import { runs } from './runs.ts'

const origins = fc.constantFrom('http://localhost:8080', 'https://tools.acme.io')
const to = (value: string | undefined, origin: string) => safeReturnTo(value, origin, '/oauth', '/oauth/')

t.test('an address to return to is a path here, however it is read', async () => {
  fc.assert(
    fc.property(fc.oneof(returnAddress, fc.webUrl(), fc.string({ unit: 'binary' })), origins, (value, origin) => {
      const address = to(value, origin)
      const { href } = new URL(address, `${origin}/oauth/callback?code=a`)

      return href === origin + address && /^\/(?![/\\])[\x21-\x7e]*$/.test(address) && address.length <= 2048
    }),
    runs(10_000),
  )
})

t.test('what was kept is kept again, also on its way through the sign-in page', async () => {
  fc.assert(
    fc.property(returnAddress, origins, (value, origin) => {
      const address = to(value, origin)
      const sent = new URL(signInPath('/oauth', address), origin).searchParams.get('return_to') ?? undefined

      return to(address, origin) === address && to(sent, origin) === address
    }),
    runs(5_000),
  )
})

t.test('no way of ours leads back into a sign-in', async () => {
  fc.assert(
    fc.property(returnAddress, (value) => !/^\/oauth\/(sign|callback)/.test(to(`/oauth/${value}`, 'https://a.io'))),
    runs(3_000),
  )
})
