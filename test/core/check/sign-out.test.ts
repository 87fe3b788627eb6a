import t from 'tap'
import { readSignOut } from '../../../src/core/check/sign-out.ts'
import { answered, inconclusive, redirected } from './answers.ts'

const domain = 'https://acme.auth.eu-west-1.amazoncognito.com'

t.test('sign-out comes back to a registered address, byte by byte, or stays on an error page', async (t) => {
  const returnTo = 'https://tools.acme.io/oauth/signed-out'
  const read = (outcome: Parameters<typeof readSignOut>[0]) =>
    readSignOut(outcome, `${domain}/logout`, returnTo).verdict

  t.equal(read(redirected(returnTo)), 'registered')
  t.equal(read(redirected(`${returnTo}/`)), 'unknown')
  t.equal(read(redirected('/error?error=Required+parameters+missing')), 'not_registered')
  t.equal(read(answered(400, { body: "Required String parameter 'redirect_uri' is not present" })), 'not_registered')
  t.equal(read(answered(200)), 'unknown')
  for (const [outcome] of inconclusive) t.equal(read(outcome), 'unknown')
})
