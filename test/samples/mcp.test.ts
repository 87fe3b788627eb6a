import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { buildSampleMcp } from '../../src/samples/mcp.ts'
import { connectOlderSdk, connectSdk } from '../mcp/support/sdk-clients.ts'
import { startTool } from '../support/tool.ts'

const clients = [
  [connectSdk, '2026-07-28'],
  [connectOlderSdk, '2025-11-25'],
] as const

for (const [connect, revision] of clients) {
  t.test(`a client of ${revision} searches the sample's notes without a token`, async (t) => {
    const { url } = await startSample(t)

    const client = await connect(t, url)

    t.equal(client.revision, revision)
    t.strictSame(await client.tools(), ['search', 'add_note', 'whoami'])
    t.match(await client.call('search', { word: 'right token' }), /^toolgate: /)
    await t.rejects(client.call('whoami'), /401|Unauthorized/)
    await t.rejects(client.call('toString'), /There is no tool toString/)
    await t.rejects(client.call('search', {}), /word must be a text/)
  })

  t.test(`a client of ${revision} is known by its token, and its notes bear the name`, async (t) => {
    const { url, token } = await startSample(t)

    const client = await connect(t, url, { headers: { authorization: `Bearer ${token}` } })

    t.equal(await client.call('whoami'), 'You are ada.')
    t.equal(await client.call('add_note', { text: 'The engine weaves.' }), 'Noted, ada.')
    t.equal(await client.call('search', { word: 'engine' }), 'ada: The engine weaves.')
  })
}

t.test(
  'requests of 2026-07-28 whose headers and body disagree, or that ask for another version, are refused',
  async (t) => {
    const { url } = await startSample(t)
    const version = 'io.modelcontextprotocol/protocolVersion'
    const send = async (headers: Record<string, string>, meta: object, method = 'tools/list') => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta: meta } }),
      })
      const { error } = (await response.json()) as { error: { code: number } }
      return [response.status, error.code]
    }
    const is = (revision: string, method = 'tools/list') => ({ 'mcp-protocol-version': revision, 'mcp-method': method })

    t.strictSame(await send(is('2026-07-28'), {}), [400, -32602])
    t.strictSame(await send(is('2026-07-28', 'tools/call'), { [version]: '2026-07-28' }), [400, -32020])
    t.strictSame(await send(is('2025-11-25'), { [version]: '2026-07-28' }), [400, -32020])
    t.strictSame(await send(is('2099-01-01'), { [version]: '2099-01-01' }), [400, -32022])
    t.strictSame(await send(is('2026-07-28', 'ping'), { [version]: '2026-07-28' }, 'ping'), [404, -32601])
  },
)

t.test('there is nothing but POST, and no batch', async (t) => {
  const { url } = await startSample(t)
  const headers = { 'content-type': 'application/json' }

  t.equal((await fetch(url)).status, 405)
  t.equal((await fetch(url, { method: 'DELETE' })).status, 405)
  t.equal((await fetch(url, { method: 'POST', headers, body: '[{"jsonrpc":"2.0"}]' })).status, 400)
  t.equal((await fetch(url, { method: 'POST', headers, body: '{"jsonrpc":"2.0","method":"x"}' })).status, 202)
})

/** The sample, and a token that it takes for ada's. */
async function startSample(t: Test) {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] }
  const { url: issuer } = await startTool(t, (_, response) => response.end(JSON.stringify(keys)))
  const app = buildSampleMcp({ issuer, clientId: 'us' })
  t.teardown(() => app.close())
  const token = await new SignJWT({ username: 'ada', token_use: 'access', client_id: 'us' })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setIssuer(issuer)
    .setExpirationTime('5m')
    .sign(privateKey)
  return { url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/mcp`, token }
}
