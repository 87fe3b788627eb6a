import t from 'tap'
import { toolRoute } from '../../../src/core/mcp/tool-route.ts'
import type { McpRules } from '../../../src/core/route.ts'
import { aRoute } from '../../support/route.ts'

const mcp: McpRules = {
  resource: 'https://tools.test/mcp',
  challenge: 'lazy',
  publicTools: new Set(),
  scopes: ['notes/read'],
  toolScopes: new Map(),
  toolProviders: new Map([['create_issue', 'crm']]),
}
const route = aRoute({ mcp, provider: 'cognito', scopes: ['notes/read'] })

t.test(
  'a tool with a provider of its own gets that one’s token, of which the route’s scopes are not asked',
  async (t) => {
    const own = toolRoute(route, { tool: 'create_issue' })

    t.match(own, { provider: 'crm', name: route.name })
    t.strictSame([own.scopes, own.mcp?.scopes], [[], ['notes/read']], 'what the grant must hold stays')
  },
)

t.test('every other call is guarded as the route is', async (t) => {
  for (const tool of [undefined, 'add_note', 'Create_issue', 'toString']) t.equal(toolRoute(route, { tool }), route)
  const same = aRoute({ ...route, provider: 'crm' })
  t.equal(toolRoute(same, { tool: 'create_issue' }), same, 'also of a tool with the same provider')
})
