import t from 'tap'
import { announcedDomain, fromConsole } from '../../../src/cli/init/cognito-console.ts'
import { startStack } from '../../support/stack.ts'

const pool = { 'user-pool-id': 'eu-west-1_Xk3fP9qLm' }
const domain = { domain: 'https://acme.auth.eu-west-1.amazoncognito.com' }

t.test('whatever is pasted from the console tells what it can', async (t) => {
  const told = {
    'eu-west-1_Xk3fP9qLm': pool,
    ' eu-west-1_Xk3fP9qLm\n': pool,
    'arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Xk3fP9qLm': pool,
    'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Xk3fP9qLm': pool,
    'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Xk3fP9qLm/.well-known/jwks.json': pool,
    'https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Xk3fP9qLm': {
      ...pool,
      issuer: 'https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Xk3fP9qLm',
    },
    'https://eu-west-1.console.aws.amazon.com/cognito/v2/idp/user-pools/eu-west-1_Xk3fP9qLm/overview?region=eu-west-1':
      pool,
    'https://eu-west-1.console.aws.amazon.com/cognito/v2/idp/user-pools/eu-west-1_Xk3fP9qLm/applications/app-clients/4f7q2k9v/overview':
      { ...pool, 'client-id': '4f7q2k9v' },
    'https://acme.auth.eu-west-1.amazoncognito.com': domain,
    'acme.auth.eu-west-1.amazoncognito.com/': domain,
    'https://acme.auth.eu-west-1.amazoncognito.com/login?client_id=4f7q2k9v&response_type=code': {
      ...domain,
      'client-id': '4f7q2k9v',
    },
    'https://eu-west-1.console.aws.amazon.com/cognito/home': {},
  }

  for (const [pasted, answers] of Object.entries(told)) t.strictSame(fromConsole(pasted), answers, pasted)
})

t.test('what is no address of a pool stays as it is, for the rules of the config to judge', async (t) => {
  for (const pasted of ['https://acme.io/somewhere/else', 'two words']) {
    t.strictSame(fromConsole(pasted), { domain: pasted })
  }
})

t.test('a pool announces its domain, unless it has none', async (t) => {
  const { cognito, control } = await startStack(t)

  const announced = await announcedDomain(cognito.issuer)
  await control.pool({ domain: false })
  const without = await announcedDomain(cognito.issuer)

  t.equal(announced, cognito.domain)
  t.equal(without, undefined)
})
