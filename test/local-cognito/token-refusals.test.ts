import t from 'tap'
import { basic, callback, challenge, type LocalCognito, localCognito, verifier } from './support.ts'

const confidential = '1confidential:local-secret'
const bogus = { grant_type: 'refresh_token', refresh_token: 'made-up' }

/** A row of the table of refusals. */
interface Row {
  readonly cause: string
  readonly ask: (cognito: LocalCognito) => Promise<Response>
  readonly body: string
  readonly rule: string
}

const invalidClient = '{"error":"invalid_client"}'
const invalidGrant = '{"error":"invalid_grant"}'
const invalidRequest = '{"error":"invalid_request"}'

const rows: readonly Row[] = [
  {
    cause: 'the client has a secret, none sent, refresh grant',
    ask: ({ token }) => token({ ...bogus, client_id: '1confidential' }),
    body: '{"error":"invalid_client","error_description":"invalid_client_secret"}',
    rule: 'secret_missing',
  },
  {
    cause: 'the client has a secret, none sent, code grant: before anything of the grant',
    ask: ({ token }) => token({ grant_type: 'authorization_code', client_id: '1confidential' }),
    body: '{"error":"invalid_client","error_description":"invalid_client_secret"}',
    rule: 'secret_missing',
  },
  {
    cause: 'a wrong secret by Basic',
    ask: ({ token }) => token(bogus, '1confidential:wrong'),
    body: invalidClient,
    rule: 'secret_wrong',
  },
  {
    cause: 'a wrong secret in the body',
    ask: ({ token }) => token({ ...bogus, client_id: '1confidential', client_secret: 'wrong' }),
    body: invalidClient,
    rule: 'secret_wrong',
  },
  {
    cause: 'client_id unknown',
    ask: ({ token }) => token(bogus, 'nobody:nothing'),
    body: invalidClient,
    rule: 'client_unknown',
  },
  {
    cause: 'client_id missing',
    ask: ({ token }) => token(bogus),
    body: invalidRequest,
    rule: 'client_id_missing',
  },
  {
    cause: 'a public client sends Basic',
    ask: ({ token }) => token({ ...bogus, client_id: '1public' }, '1public:'),
    body: invalidClient,
    rule: 'basic_from_public_client',
  },
  {
    cause: 'a public client sends a secret',
    ask: ({ token }) => token({ ...bogus, client_id: '1public', client_secret: 'x' }),
    body: invalidClient,
    rule: 'secret_from_public_client',
  },
  {
    cause: 'a public client sends an empty client_secret: taken as absent',
    ask: ({ token }) => token({ ...bogus, client_id: '1public', client_secret: '' }),
    body: invalidGrant,
    rule: 'refresh_token_unknown',
  },
  {
    cause: 'code unknown',
    ask: ({ redeem }) => redeem('made-up'),
    body: invalidGrant,
    rule: 'code_unknown_or_used',
  },
  {
    cause: 'code already used',
    ask: async ({ redeem, signIn }) => {
      const { code } = await signIn()
      await redeem(code)
      return await redeem(code)
    },
    body: invalidGrant,
    rule: 'code_unknown_or_used',
  },
  {
    cause: 'code older than 5 minutes',
    ask: async ({ redeem, signIn, change }) => {
      const { code } = await signIn()
      await change('POST', '/clock', { offset: '5m' })
      return await redeem(code)
    },
    body: invalidGrant,
    rule: 'code_expired',
  },
  {
    cause: 'code of another client',
    ask: async ({ signIn, token }) => {
      const { code } = await signIn()
      return await token({ grant_type: 'authorization_code', code, redirect_uri: callback, client_id: '1public' })
    },
    body: invalidGrant,
    rule: 'code_of_another_client',
  },
  {
    cause: 'the same code after an earlier failed try',
    ask: async ({ redeem, signIn }) => {
      const { code } = await signIn()
      await redeem(code, { redirect_uri: `${callback}/` })
      return await redeem(code)
    },
    body: invalidGrant,
    rule: 'code_unknown_or_used',
  },
  {
    cause: 'redirect_uri differs from the authorize one',
    ask: async ({ redeem, signIn }) => redeem((await signIn()).code, { redirect_uri: `${callback}/` }),
    body: '{"error":"unauthorized_client","error_description":"invalid_redirect"}',
    rule: 'redirect_uri_differs',
  },
  {
    cause: 'the client is not allowed the code flow',
    ask: ({ token }) =>
      token({ grant_type: 'authorization_code', code: 'x', redirect_uri: callback, client_id: '1implicit' }),
    body: '{"error":"unauthorized_client"}',
    rule: 'code_flow_not_enabled',
  },
  {
    cause: 'the client is not allowed to refresh',
    ask: ({ token }) => token({ ...bogus, client_id: '1implicit' }),
    body: '{"error":"unauthorized_client"}',
    rule: 'code_flow_not_enabled',
  },
  {
    cause: 'verifier missing for a code with a challenge',
    ask: async ({ redeem, signIn }) =>
      redeem((await signIn({ code_challenge: challenge, code_challenge_method: 'S256' })).code),
    body: invalidGrant,
    rule: 'verifier_missing',
  },
  {
    cause: 'verifier wrong',
    ask: async ({ redeem, signIn }) => {
      const { code } = await signIn({ code_challenge: challenge, code_challenge_method: 'S256' })
      return await redeem(code, { code_verifier: `${verifier}x` })
    },
    body: invalidGrant,
    rule: 'verifier_wrong',
  },
  {
    cause: 'resource named no registered resource server',
    ask: async ({ redeem, signIn }) =>
      redeem((await signIn({ scope: 'openid', resource: 'https://nowhere.example' })).code),
    body: invalidGrant,
    rule: 'resource_not_registered',
  },
  {
    cause: 'the client cannot read an attribute that a scope needs',
    ask: async ({ redeem, signIn, change }) => {
      await change('PATCH', '/clients/1confidential', { readable_attributes: ['email'] })
      return await redeem((await signIn({ scope: 'openid email' })).code)
    },
    body: invalidGrant,
    rule: 'attribute_not_readable',
  },
  {
    cause: 'refresh token bogus, client authenticated',
    ask: ({ token }) => token(bogus, confidential),
    body: invalidGrant,
    rule: 'refresh_token_unknown',
  },
  {
    cause: 'refresh token of another client',
    ask: async ({ token, tokens }) =>
      token({ ...bogus, refresh_token: (await tokens()).refresh_token, client_id: '1public' }),
    body: invalidGrant,
    rule: 'refresh_token_of_another_client',
  },
  {
    cause: 'refresh token revoked',
    ask: async ({ post, refresh, tokens }) => {
      const { refresh_token } = await tokens()
      await post('/oauth2/revoke', { token: refresh_token }, confidential)
      return await refresh(refresh_token)
    },
    body: invalidGrant,
    rule: 'refresh_token_revoked',
  },
  {
    cause: 'refresh token expired',
    ask: async ({ refresh, tokens, change }) => {
      const { refresh_token } = await tokens()
      await change('POST', '/clock', { offset: '30d' })
      return await refresh(refresh_token)
    },
    body: invalidGrant,
    rule: 'refresh_token_expired',
  },
  {
    cause: 'refresh token rotated out past its grace',
    ask: async ({ refresh, tokens, change }) => {
      await change('PATCH', '/clients/1confidential', { rotation: { enabled: true, grace: '10s' } })
      const { refresh_token } = await tokens()
      await refresh(refresh_token)
      await change('POST', '/clock', { offset: '11s' })
      return await refresh(refresh_token)
    },
    body: invalidGrant,
    rule: 'refresh_token_rotated_out',
  },
  {
    cause: 'the user is gone',
    ask: async ({ refresh, tokens, change }) => {
      const { refresh_token } = await tokens()
      await change('PATCH', '/pool', { users: [] })
      return await refresh(refresh_token)
    },
    body: invalidGrant,
    rule: 'user_gone',
  },
  {
    cause: 'grant_type missing',
    ask: ({ token }) => token({ code: 'x' }, confidential),
    body: invalidRequest,
    rule: 'grant_type_missing',
  },
  {
    cause: 'code missing',
    ask: ({ token }) => token({ grant_type: 'authorization_code', redirect_uri: callback }, confidential),
    body: invalidRequest,
    rule: 'code_missing',
  },
  {
    cause: 'redirect_uri missing',
    ask: ({ token }) => token({ grant_type: 'authorization_code', code: 'x' }, confidential),
    body: invalidRequest,
    rule: 'redirect_uri_missing',
  },
  {
    cause: 'refresh_token missing',
    ask: ({ token }) => token({ grant_type: 'refresh_token' }, confidential),
    body: invalidRequest,
    rule: 'refresh_token_missing',
  },
  {
    cause: 'wrong content type',
    ask: ({ domain, request }) =>
      request(`${domain}/oauth2/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: basic(confidential) },
        body: JSON.stringify(bogus),
      }),
    body: invalidRequest,
    rule: 'body_not_form_encoded',
  },
  {
    cause: 'unencoded body',
    ask: ({ domain, request }) =>
      request(`${domain}/oauth2/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basic(confidential) },
        body: 'grant_type=refresh_token&refresh_token=made up',
      }),
    body: invalidRequest,
    rule: 'body_not_form_encoded',
  },
  {
    cause: 'another grant_type',
    ask: ({ token }) => token({ grant_type: 'password', username: 'ada' }, confidential),
    body: '{"error":"unsupported_grant_type"}',
    rule: 'grant_type_unknown',
  },
  {
    cause: 'client_credentials with a scope not allowed',
    ask: ({ token }) => token({ grant_type: 'client_credentials', scope: 'openid' }, '1machine:machine-secret'),
    body: invalidGrant,
    rule: 'scope_not_enabled',
  },
  {
    cause: 'client_credentials not allowed',
    ask: ({ token }) => token({ grant_type: 'client_credentials' }, confidential),
    body: '{"error":"unauthorized_client"}',
    rule: 'client_credentials_not_enabled',
  },
]

t.test('each refusal at token is a 400 with exactly the observed body, and only the log names the rule', async (t) => {
  const cognito = await localCognito(t)
  for (const row of rows) {
    await t.test(row.cause, async (t) => {
      await cognito.change('POST', '/reset')

      const answer = await row.ask(cognito)

      t.equal(answer.status, 400)
      t.equal(await answer.text(), row.body)
      t.equal(answer.headers.get('content-type'), 'application/json;charset=UTF-8')
      t.equal(answer.headers.get('access-control-allow-origin'), '*')
      t.match((await cognito.log()).requests.at(-1), { endpoint: 'token', status: 400, rule: row.rule })
    })
  }
})

t.test('either live secret is accepted, by Basic or in the body, form encoded or not', async (t) => {
  const { token } = await localCognito(t)

  const answers = [
    await token(bogus, '1confidential:local-secret'),
    await token(bogus, '1confidential:local%2Dsecret'),
    await token(bogus, '1confidential:next-secret'),
    await token({ ...bogus, client_id: '1confidential', client_secret: 'next-secret' }),
  ]

  for (const answer of answers) t.equal(await answer.text(), invalidGrant)
})
