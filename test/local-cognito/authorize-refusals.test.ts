import t from 'tap'
import { callback, challenge, localCognito, location } from './support.ts'

/** A row of the table of refusals: what is asked, after which changes, and what comes back. */
interface Row {
  readonly cause: string
  readonly ask?: Readonly<Record<string, string | undefined>>
  readonly client?: Readonly<Record<string, unknown>>
  readonly fault?: Readonly<Record<string, unknown>>
  /** After the domain for a page error, after the redirect URI for a callback error. */
  readonly page?: string
  readonly callback?: string
  readonly rule: string
}

const scopeOfAnother = 'custom+scopes+requested+for+resource-binding+must+be+assigned+to+the+resource+being+requested'

const rows: readonly Row[] = [
  {
    cause: 'client_id absent',
    ask: { client_id: undefined },
    page: '/error?error=Required+parameters+missing',
    rule: 'client_id_missing',
  },
  {
    cause: 'client_id empty',
    ask: { client_id: '' },
    page: '/error?error=Required+parameters+missing',
    rule: 'client_id_missing',
  },
  {
    cause: 'only response_type sent',
    ask: { client_id: undefined, redirect_uri: undefined, state: undefined },
    page: '/error?error=Required+parameters+missing',
    rule: 'client_id_missing',
  },
  {
    cause: 'redirect_uri absent',
    ask: { redirect_uri: undefined },
    page: '/error?error=Required+parameters+missing',
    rule: 'redirect_uri_missing',
  },
  {
    cause: 'client_id unknown',
    ask: { client_id: 'Q DEV CLI' },
    page: '/error?error=invalid_request&client_id=Q+DEV+CLI',
    rule: 'client_unknown',
  },
  ...Object.entries({
    'another scheme': 'https://localhost:8080/oauth/callback',
    'another host': 'http://127.0.0.1:8080/oauth/callback',
    'another port': 'http://localhost:8081/oauth/callback',
    'another path': 'http://localhost:8080/oauth/callback2',
    'a trailing slash': `${callback}/`,
    'another letter case': 'http://localhost:8080/oauth/Callback',
    'a query': `${callback}?a=b`,
  }).map(([difference, redirect_uri]) => ({
    cause: `redirect_uri not registered: ${difference}`,
    ask: { redirect_uri },
    page: '/error?error=redirect_mismatch&client_id=1confidential',
    rule: 'redirect_uri_not_registered',
  })),
  {
    cause: 'an unknown identity provider',
    ask: { identity_provider: 'Okta' },
    page: '/error?error=invalid_request&client_id=1confidential',
    rule: 'identity_provider_not_enabled',
  },
  {
    cause: 'COGNITO not enabled on the client',
    ask: { identity_provider: 'COGNITO' },
    client: { identity_providers: ['Okta'] },
    page: '/error?error=invalid_request&client_id=1confidential',
    rule: 'identity_provider_not_enabled',
  },
  {
    cause: 'OAuth not switched on for the client',
    client: { oauth: false },
    page: '/error?error=Client+is+not+enabled+for+OAuth2.0+flows',
    rule: 'oauth_not_enabled',
  },
  ...['reports/write', 'made/up', 'offline_access'].map((scope) => ({
    cause: `a scope not enabled on the client: ${scope}`,
    ask: { scope: `openid ${scope}` },
    callback: '?error_description=invalid_scope&state=s1&error=invalid_request',
    rule: 'scope_not_enabled',
  })),
  {
    cause: 'a scope not enabled, no state sent',
    ask: { scope: 'openid made/up', state: undefined },
    callback: '?error_description=invalid_scope&error=invalid_request',
    rule: 'scope_not_enabled',
  },
  {
    cause: 'profile, email or phone without openid',
    ask: { scope: 'email' },
    callback: '?error_description=invalid_scope&state=s1&error=invalid_request',
    rule: 'scope_needs_openid',
  },
  {
    cause: 'implicit flow not allowed: in the fragment',
    ask: { response_type: 'token' },
    callback: '#error_description=unauthorized_client&state=s1&error=invalid_request',
    rule: 'flow_not_enabled',
  },
  {
    cause: 'code flow not allowed',
    ask: { client_id: '1implicit' },
    callback: '?error_description=unauthorized_client&state=s1&error=invalid_request',
    rule: 'flow_not_enabled',
  },
  {
    cause: 'a scope not enabled in the implicit flow: in the fragment',
    ask: { client_id: '1implicit', response_type: 'token', scope: 'openid phone' },
    callback: '#error_description=invalid_scope&state=s1&error=invalid_request',
    rule: 'scope_not_enabled',
  },
  {
    cause: 'response_type missing',
    ask: { response_type: undefined },
    callback: '?state=s1&error=invalid_request',
    rule: 'response_type_missing',
  },
  {
    cause: 'response_type "token id_token", as old discovery advertised',
    ask: { response_type: 'token id_token' },
    callback: '?state=s1&error=invalid_request',
    rule: 'response_type_unknown',
  },
  {
    cause: 'challenge without method',
    ask: { code_challenge: challenge },
    callback: '?state=s1&error=invalid_request',
    rule: 'challenge_without_method',
  },
  {
    cause: 'method without challenge',
    ask: { code_challenge_method: 'S256' },
    callback: '?state=s1&error=invalid_request',
    rule: 'method_without_challenge',
  },
  {
    cause: 'challenge method not S256',
    ask: { code_challenge: challenge, code_challenge_method: 'plain' },
    callback: '?state=s1&error=invalid_request',
    rule: 'challenge_method_not_s256',
  },
  {
    cause: 'a custom scope that does not belong to the resource',
    ask: { scope: 'openid reports/read', resource: 'https://notes.example/mcp' },
    callback: `?error_description=${scopeOfAnother}&state=s1&error=invalid_request`,
    rule: 'scope_of_another_resource',
  },
  {
    cause: 'a resource on plain http beyond localhost',
    ask: { scope: 'openid', resource: 'http://notes.example' },
    callback: '?state=s1&error=invalid_request',
    rule: 'resource_malformed',
  },
  {
    cause: 'prompt=none without session',
    ask: { prompt: 'none' },
    callback: '?error=login_required&state=s1',
    rule: 'prompt_none_without_session',
  },
  {
    cause: 'trouble during federation, as a fault',
    fault: { endpoint: 'authorize', error: 'invalid_request', error_description: 'Google Error - 400 invalid_client' },
    callback: '?error_description=Google+Error+-+400+invalid_client&state=s1&error=invalid_request',
    rule: 'fault_error',
  },
  {
    cause: 'server failure, as a fault',
    fault: { endpoint: 'authorize', error: 'server_error' },
    callback: '?state=s1&error=server_error',
    rule: 'fault_error',
  },
]

t.test('each refusal at authorize is a 302 of the observed form, and only the log names the rule', async (t) => {
  const cognito = await localCognito(t)
  for (const row of rows) {
    await t.test(row.cause, async (t) => {
      await cognito.change('POST', '/reset')
      if (row.client !== undefined) await cognito.change('PATCH', '/clients/1confidential', row.client)
      if (row.fault !== undefined) await cognito.change('POST', '/faults', row.fault)

      const answer = await cognito.authorize(row.ask)

      t.equal(answer.status, 302)
      t.equal(location(answer), row.page === undefined ? `${callback}${row.callback}` : `${cognito.domain}${row.page}`)
      t.equal(await answer.text(), '')
      t.match((await cognito.log()).requests.at(-1), { endpoint: 'authorize', status: 302, rule: row.rule })
    })
  }
})

t.test(
  'the first broken rule wins: client, OAuth, callback, response type, PKCE, scope, resource, provider',
  async (t) => {
    const cognito = await localCognito(t)
    const broken = {
      client_id: 'nobody',
      redirect_uri: 'https://elsewhere.example/',
      response_type: 'nothing',
      code_challenge: challenge,
      scope: 'made/up',
      resource: 'http://notes.example',
      identity_provider: 'Okta',
    }
    const mended = [
      { client_id: '1confidential' },
      { redirect_uri: callback },
      { response_type: 'code' },
      { code_challenge: undefined },
      { scope: 'openid' },
      { resource: undefined },
      { identity_provider: undefined },
    ]

    let ask: Record<string, string | undefined> = broken
    for (const mend of [{}, ...mended]) {
      ask = { ...ask, ...mend }
      await cognito.authorize(ask)
    }

    t.strictSame(
      (await cognito.log()).requests.map(({ rule }) => rule),
      [
        'client_unknown',
        'redirect_uri_not_registered',
        'response_type_unknown',
        'challenge_without_method',
        'scope_not_enabled',
        'resource_malformed',
        'identity_provider_not_enabled',
        null,
      ],
    )
  },
)

t.test('/login without client_id says that the client does not exist', async (t) => {
  const { domain, request } = await localCognito(t)

  const answer = await request(`${domain}/login`)

  t.equal(answer.status, 302)
  t.equal(location(answer), `${domain}/error?error=Client+does+not+exist`)
})

t.test('the error page is a 400, with the error in words as a sentence, escaped', async (t) => {
  const { domain, request } = await localCognito(t)

  const words = await request(`${domain}/error?error=Client+is+not+enabled+for+OAuth2.0+flows`)
  const markup = await request(`${domain}/error?error=${encodeURIComponent('<script>alert(1)</script>')}`)

  t.equal(words.status, 400)
  t.match(words.headers.get('content-type'), /^text\/html/)
  const text = await words.text()
  t.match(text, 'An error was encountered with the requested page.')
  t.match(text, 'Client is not enabled for OAuth2.0 flows.')
  t.notMatch(await markup.text(), '<script>')
})

t.test('paths are matched as they are sent', async (t) => {
  const { domain, request, authorizeQuery, log } = await localCognito(t)

  const asked = [
    await request(`${domain}//oauth2/authorize?${authorizeQuery()}`),
    await request(`${domain}//oauth2/token`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) }),
    await request(`${domain}/oauth2/authorize/?${authorizeQuery()}`),
    await request(`${domain}/oauth2/userinfo`),
    await request(`${domain}/.well-known/openid-configuration`),
    await request(`${domain}/.well-known/oauth-authorization-server`),
    await request(`${domain}/oauth2/token`),
    await request(`${domain}/oauth2/authorize?${authorizeQuery()}`, { method: 'POST' }),
  ]

  t.strictSame(
    asked.map(({ status }) => status),
    [404, 404, 404, 404, 400, 400, 400, 400],
  )
  for (const answer of asked) t.match(answer.headers.get('content-type'), /^text\/html/)
  t.equal(asked[1]?.headers.get('access-control-allow-origin'), null)
  t.equal((await log()).requests[1]?.rule, 'double_slash')
})

t.test('a state of JSON breaks sign-in through another identity provider with an empty 400', async (t) => {
  const cognito = await localCognito(t)
  await cognito.change('PATCH', '/clients/1confidential', { identity_providers: ['COGNITO', 'Okta'] })

  const answer = await cognito.authorize({ identity_provider: 'Okta', state: '{"a":1}' })

  t.equal(answer.status, 400)
  t.equal(await answer.text(), '')
})
