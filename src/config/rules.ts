import type { Findings } from './findings.ts'
import { checkGateway } from './gateway-rules.ts'
import { checkMcp } from './mcp-rules.ts'
import { checkProviders } from './provider-rules.ts'
import { checkRoutes } from './route-rules.ts'
import type { Draft } from './schema.ts'

/** What must hold between keys. A key that is wrong by itself is absent from the draft, and no rule asks for it again. */
export function checkRules(draft: Draft, findings: Findings): void {
  checkGateway(draft, findings)
  checkProviders(draft, findings)
  checkRoutes(draft, findings)
  checkMcp(draft, findings)
}
