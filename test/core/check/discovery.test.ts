import t from 'tap'
import { readDiscovery } from '../../../src/core/check/discovery.ts'
import { answered, inconclusive, json, redirected } from './answers.ts'

const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Xk3fP9qLm'
const domain = 'https://acme.auth.eu-west-1.amazoncognito.com'
const endpoint = `${domain}/oauth2/authorize`

t.test('metadata says whether pool and domain belong together', async (t) => {
  const rows = [
    [json(200, { issuer, authorization_endpoint: endpoint }), 'matches'],
    [json(200, { issuer, authorization_endpoint: `${issuer}/authorize` }), 'no_domain'],
    [json(200, { issuer, authorization_endpoint: 'https://auth.acme.io/oauth2/authorize' }), 'other_domain'],
    [json(200, { issuer: issuer.replace('//', '//issuer-'), authorization_endpoint: endpoint }), 'other_issuer'],
    [json(200, { issuer: `${issuer}/`, authorization_endpoint: endpoint }), 'other_issuer'],
    [json(400, { code: 'BadRequest' }), 'absent'],
    [answered(404), 'absent'],
    [answered(200, { body: '<html>' }), 'unknown'],
    [json(200, { issuer }), 'unknown'],
    [json(200, { issuer, authorization_endpoint: 'no address' }), 'unknown'],
    [redirected(`${issuer}/elsewhere`), 'unknown'],
  ] as const

  for (const [outcome, verdict] of rows) t.equal(readDiscovery(outcome, issuer, endpoint).verdict, verdict)
  for (const [outcome, said] of inconclusive) {
    t.strictSame(readDiscovery(outcome, issuer, endpoint), { verdict: 'unknown', said })
  }
})

t.test('an issuer whose endpoints are only announced always matches', async (t) => {
  const { verdict, authorizationEndpoint } = readDiscovery(
    json(200, { issuer, authorization_endpoint: endpoint }),
    issuer,
    undefined,
  )

  t.strictSame({ verdict, authorizationEndpoint }, { verdict: 'matches', authorizationEndpoint: endpoint })
})
