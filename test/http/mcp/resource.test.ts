import t from 'tap'
import {
  authorizeUrl,
  callTool,
  createPerson,
  exchange,
  refresh,
  register,
  sendMessage,
} from '../../support/mcp-client.ts'
import { startMcpStack } from '../../support/mcp-stack.ts'

const { origin } = await startMcpStack(t)

t.test('a client that was given the address with ?auth=required may name that, everywhere', async (t) => {
  const client = await register(origin)
  const person = createPerson()
  const resource = `${origin}/mcp?auth=required`

  const challenged = await sendMessage(origin, { method: 'tools/list' }, {}, '/mcp?auth=required')
  const [, document = ''] = /resource_metadata="([^"]*)"/.exec(String(challenged.headers['www-authenticate'])) ?? []
  const metadata = (await (await fetch(document)).json()) as { resource: string }
  const back = await person.decide(await person.open(authorizeUrl(origin, client, { resource })))
  const tokens = await exchange(origin, client, back.searchParams.get('code') ?? '', { resource })
  const renewed = await refresh(origin, client, tokens.json.refresh_token, { resource })

  t.equal(metadata.resource, resource, 'the metadata names the very address')
  t.equal(renewed.status, 200)
  t.equal((await callTool(origin, renewed.json.access_token)).status, 200, 'at the address without it, too')
})

t.test('any other query names no resource', async (t) => {
  const person = createPerson()
  const client = await register(origin)

  for (const query of ['?auth=none', '?auth=required&x=1', '#auth=required']) {
    const { location } = await person.open(authorizeUrl(origin, client, { resource: `${origin}/mcp${query}` }))
    t.equal(new URL(location ?? '').searchParams.get('error'), 'invalid_target', query)
  }
  const plain = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp?auth=none`)
  t.match(await plain.json(), { resource: `${origin}/mcp` })
})
