import { randomBytes } from 'node:crypto'
import { createKeyring } from '../../src/adapters/keyring.ts'
import { createMemoryStore } from '../../src/adapters/memory-store.ts'
import { createEndings } from '../../src/core/endings.ts'
import type { AuthorizationRequest } from '../../src/core/mcp/authorization-request.ts'
import type { Client } from '../../src/core/mcp/client.ts'
import { createGrantStore } from '../../src/core/mcp/grant-store.ts'
import { createGrants } from '../../src/core/mcp/grants.ts'
import type { McpRoute } from '../../src/core/mcp/resources.ts'
import type { Audit } from '../../src/core/ports.ts'
import { createRevoking } from '../../src/core/revoke.ts'
import { codeChallenge } from '../../src/core/secret.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { createUserStore } from '../../src/core/user-store.ts'
import { heldTokens } from './passage.ts'
import { aRoute, mcpRules } from './route.ts'

const verifier = 'v'.repeat(43)
const hour = 3_600_000
const user = 'u'.repeat(22)
const redirectUri = 'https://app.test/callback'

/** A client, but for what the test is about. */
export function aClient(client: Partial<Client> = {}): Client {
  return {
    id: 'app',
    name: 'An app',
    known: 'registered',
    redirectUris: [redirectUri],
    authentications: ['none'],
    hasSecret: () => false,
    keys: undefined,
    ...client,
  }
}

/** A route whose tool is an MCP server, at `https://tools.test/mcp`. */
export function anMcpRoute(route: Partial<McpRoute> = {}): McpRoute {
  return { ...aRoute({ name: 'notes', path: '/mcp', accept: ['grant'] }), mcp: mcpRules(), ...route }
}

/** Ada, signed in, and grants of hers in a store in memory. */
export async function granting(set: Partial<TokenSet> = {}) {
  const clock = { at: Date.parse('2026-01-01') }
  const now = () => clock.at
  const { records, revocations } = createMemoryStore({ now })
  const keyring = createKeyring([randomBytes(32)])
  const tokens = createUserStore({ records, keyring, lifetimes: { idleMs: hour, absoluteMs: hour }, now })
  const events: { readonly event: string; readonly reason?: string | undefined }[] = []
  const audited: Parameters<Audit>[] = []
  const audit: Audit = (event, facts) => {
    const { reason } = facts
    events.push(reason === undefined ? { event } : { event, reason })
    audited.push([event, facts])
  }
  const endings = createEndings(tokens, createRevoking(revocations), audit)
  const store = createGrantStore({ records, keyring, now })
  const grants = createGrants({ store, tokens, endings, now, audit })
  const held = { ...heldTokens().set, scopes: ['openid', 'notes/read'], endsAt: clock.at + 24 * hour, ...set }
  await tokens.writeTokens(user, 'cognito', held, { new: true })

  const client = aClient()
  const request: AuthorizationRequest = {
    ...{ issuer: 'https://tools.test', client, redirectUri, redirectKind: 'web', state: 'st' },
    ...{ route: anMcpRoute(), scopes: ['notes/read'], codeChallenge: codeChallenge(verifier), isSilent: false },
  }
  const { issuer } = request
  const ada = { user, provider: 'cognito', sub: 'ada' }

  return {
    ...{ clock, grants, store, tokens, endings, events, audited, ada, client, held },
    /** A code for what Ada allowed. */
    issue: async (changes: Partial<AuthorizationRequest> = {}) =>
      (await grants.issue({ ...ada, linked: [], accounts: [] }, { ...request, ...changes })) ?? '',
    exchange: (code: string, changes: Partial<Parameters<typeof grants.exchange>[0]> = {}) =>
      grants.exchange({ client, issuer, code, redirectUri, codeVerifier: verifier, isFor: undefined, ...changes }),
    renew: (refreshToken: string, changes: Partial<Parameters<typeof grants.renew>[0]> = {}) =>
      grants.renew({ client, issuer, refreshToken, scopes: undefined, isFor: undefined, ...changes }),
  }
}
