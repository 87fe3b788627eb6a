import type { Grant } from '../../src/core/mcp/grant.ts'
import { sha256 } from '../../src/core/secret.ts'

/** A grant of Ada's for the MCP server of `aRoute`, with the access token `secretOf('access')`, but for what the test is about. */
export function aGrant(grant: Partial<Grant> = {}): Grant {
  return {
    provider: 'cognito',
    sub: 'ada',
    client: { id: 'app', name: 'An app' },
    redirectUri: 'https://app.test/callback',
    resource: 'https://tools.test/mcp',
    scopes: ['notes/read'],
    linked: [],
    accounts: [],
    createdAt: 0,
    endsAt: Number.MAX_SAFE_INTEGER,
    code: { hash: sha256(secretOf('code')), challenge: '', expiresAt: 60_000, isUsed: true },
    family: 'family',
    counter: 1,
    renewedAt: 0,
    accessTokens: [{ hash: sha256(secretOf('access')), expiresAt: Number.MAX_SAFE_INTEGER }],
    ...grant,
  }
}

/** A secret of the length that ours have. */
export function secretOf(name: string): string {
  return name.padEnd(43, '_')
}
