import { decodeJwt } from 'jose'
import t from 'tap'
import { authorizeUrl, callTool, connect, createPerson, exchange, refresh, register } from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'

t.test('an app that knows only the address signs its user in, and calls the tool as that user', async (t) => {
  const { origin, echo } = await startMcpStack(t)
  const person = createPerson()

  const document = await fetch(`${origin}/.well-known/oauth-authorization-server`)
  const metadata = (await document.json()) as Record<string, unknown>
  const client = await register(origin)
  const page = await person.open(authorizeUrl(origin, client))
  const back = await person.decide(page)
  const code = back.searchParams.get('code') ?? ''
  const { status, json: tokens, headers } = await exchange(origin, client, code)
  const answer = await callTool(origin, tokens.access_token)

  t.equal(metadata.issuer, origin)
  t.match(page.body, /Allow An app to use Notes\?/)
  t.equal(back.origin + back.pathname, 'https://app.test/callback')
  t.strictSame([back.searchParams.get('state'), back.searchParams.get('iss')], ['st', origin])
  t.equal(status, 200)
  t.match(tokens, { token_type: 'Bearer', expires_in: 900, scope: 'reports/read' })
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(answer.status, 200)
  const { authorization, 'x-forwarded-email': email } = echo.received[0]?.headers ?? {}
  t.equal(email, 'ada@example.com')
  t.match(authorization, /^Bearer ey/, 'the provider’s token, not ours')
})

t.test('a refresh token brings new tokens without the user', async (t) => {
  const { origin } = await startMcpStack(t)
  const client = await register(origin)
  const first = await connect(origin, client)

  const { status, json: second } = await refresh(origin, client, first.refresh_token)
  const answer = await callTool(origin, second.access_token)

  t.equal(status, 200)
  t.not(second.refresh_token, first.refresh_token)
  t.equal(answer.status, 200)
})

t.test('an MCP server that wants it signed is told who acts for whom, and with which scopes', async (t) => {
  const { origin, echo } = await startMcpStack(t, { route: { identity: 'signed', inject: 'none' } })
  const client = await register(origin)
  const { access_token } = await connect(origin, client)

  await callTool(origin, access_token)

  const { 'x-toolgate-identity': identity, 'x-forwarded-user': user } = echo.received[0]?.headers ?? {}
  t.match(decodeJwt(String(identity)), { aud: 'notes', sub: user, client_id: client.client_id, scope: 'reports/read' })
})

t.test('what a client may do ends with the sign-in it came from', async (t) => {
  const clock = { ahead: 0 }
  const { origin, control } = await startMcpStack(t, { now: () => Date.now() + clock.ahead })
  const client = await register(origin)
  const first = await connect(origin, client)
  clock.ahead = 2 * 3_600_000
  const { json: second } = await refresh(origin, client, first.refresh_token)
  await control.fault({ endpoint: 'token', status: 400, body: { error: 'invalid_grant' }, times: 1 })

  const { status, headers } = await callTool(origin, second.access_token)

  t.equal(status, 401, 'the provider refused to renew the user’s token')
  t.match(headers['www-authenticate'], 'error="invalid_token"')
  t.equal((await refresh(origin, client, second.refresh_token)).json.error, 'invalid_grant')
})
