import { createKeyring } from '../../src/adapters/keyring.ts'
import { createRedisStore } from '../../src/adapters/redis/store.ts'
import { formatGrantToken, newGrantToken } from '../../src/core/mcp/grant.ts'
import { createGrantStore } from '../../src/core/mcp/grant-store.ts'
import { randomId, sha256 } from '../../src/core/secret.ts'
import { parseSessionCookie } from '../../src/core/session.ts'
import type { Stage } from '../parts/stage.ts'
import { encryptionKey, keyPrefix } from './gateway.ts'
import type { Visitor } from './subject.ts'

/** What an MCP client sends to call a tool, 1 KB of it. */
export const toolsCall = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 'search',
    arguments: { query: 'x'.repeat(820), limit: 20, filters: [{ field: 'year', from: 2020 }] },
  },
})

/** Lets a client act for a visitor by writing into Redis what consent would. Gives its access token. */
export async function allowClient(stage: Stage, { cookie, sub }: Visitor, resource: string): Promise<string> {
  const { records } = createRedisStore({ url: stage.redis.url, keyPrefix })
  const keyring = createKeyring([Buffer.from(encryptionKey, 'base64')])
  const user = parseSessionCookie(cookie.replace('toolgate=', ''))?.user
  if (user === undefined) throw new Error('the visitor has no session')
  const at = Date.now()
  const endsAt = at + 3_600_000
  const token = newGrantToken({ user, id: randomId().slice(0, 22) })
  const grant = {
    ...{ provider: 'cognito', sub, client: { id: 'bench', name: 'bench' }, redirectUri: 'http://127.0.0.1/', resource },
    ...{ scopes: [], linked: [], accounts: [], createdAt: at, endsAt, family: randomId(), counter: 0, renewedAt: at },
    code: { hash: '', challenge: '', expiresAt: at, isUsed: true },
    accessTokens: [{ hash: sha256(token.secret), expiresAt: endsAt }],
  }
  await createGrantStore({ records, keyring, now: Date.now }).create(user, token.id, grant, endsAt)
  await records.close()
  return formatGrantToken(token)
}
