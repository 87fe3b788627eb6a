import type { Claims, Profile } from './claims.ts'
import type { Allow } from './route.ts'

/** Who asks: what the provider says of the user, and the client that the tokens were issued to. */
interface Asking {
  readonly profile: Profile
  readonly claims: Claims
  readonly clientId: string | undefined
}

/** Whether somebody passes a route's `allow`: every list that is there must match, within a list any entry does. */
export function isAllowed(allow: Allow, { profile, claims, clientId }: Asking): boolean {
  const { groups, emails, emailDomains, clients } = allow
  if (clients !== undefined && !(clientId !== undefined && clients.includes(clientId))) return false
  if (groups !== undefined && !profile.groups.some((group) => groups.includes(group))) return false
  if (emails !== undefined && !(profile.email !== undefined && emails.includes(profile.email))) return false
  if (emailDomains !== undefined && !emailDomains.includes(domainOf(profile.email) ?? '')) return false
  return Object.entries(allow.claims ?? {}).every(([name, wanted]) => claimMatches(claims[name], wanted))
}

function domainOf(email: string | undefined): string | undefined {
  return email?.split('@')[1]
}

/** A claim matches one wanted value, or any of several; a claim that is a list matches by any of its entries. */
function claimMatches(claim: unknown, wanted: unknown): boolean {
  const has = Array.isArray(claim) ? claim : [claim]
  const any = Array.isArray(wanted) ? wanted : [wanted]
  return any.some((value) => has.some((entry) => isPlain(entry) && String(entry) === String(value)))
}

/** Of anything else the text says nothing: every object reads `[object Object]`. */
function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
