import t from 'tap'
import { localCognito } from './support.ts'

const badToken =
  'error="invalid_token", error_description="Access token is expired, disabled, or deleted, or the user has globally signed out."'

t.test('userInfo answers in strings, email_verified too, by scope', async (t) => {
  const { tokens, userInfo } = await localCognito(t)

  const email = (await (await userInfo((await tokens({ scope: 'openid email' })).access_token)).json()) as object
  const all = (await (await userInfo((await tokens({ scope: 'openid' })).access_token)).json()) as object

  t.strictSame(Object.keys(email), ['sub', 'username', 'email', 'email_verified'])
  t.match(email, { username: 'ada', email: 'ada@example.com', email_verified: 'true' })
  t.match(all, { phone_number_verified: 'false', name: 'Ada Lovelace', 'custom:team': '7' })
})

t.test('a request without a bearer token is 400', async (t) => {
  const { domain, request } = await localCognito(t)

  const answer = await request(`${domain}/oauth2/userInfo`)

  t.equal(answer.status, 400)
  t.equal(
    answer.headers.get('www-authenticate'),
    'error="invalid_request", error_description="Bad OAuth2 request at UserInfo Endpoint"',
  )
})

t.test('a token that is bad in any way is 401, and the log says in which', async (t) => {
  const { change, log, post, tokens, userInfo } = await localCognito(t)
  const good = await tokens()
  const other = await tokens()
  const revoked = await tokens()
  await post('/oauth2/revoke', { token: revoked.refresh_token }, '1confidential:local-secret')

  const answers = [
    await userInfo('x'),
    await userInfo(`${good.access_token.slice(0, -8)}AAAAAAAA`),
    await userInfo(good.id_token ?? ''),
    await userInfo((await tokens({ scope: 'reports/read' })).access_token),
    await userInfo(revoked.access_token),
    await change('POST', '/clock', { offset: '1h' }).then(() => userInfo(other.access_token)),
  ]

  for (const answer of answers) {
    t.equal(answer.status, 401)
    t.equal(answer.headers.get('www-authenticate'), badToken)
  }
  const rules = (await log()).requests.filter(({ endpoint }) => endpoint === 'userInfo').map(({ rule }) => rule)
  t.strictSame(rules, [
    'access_token_malformed',
    'access_token_malformed',
    'not_an_access_token',
    'scope_openid_missing',
    'access_token_revoked',
    'access_token_expired',
  ])
})
