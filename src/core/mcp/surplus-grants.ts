import type { ListedGrant } from './grant-store.ts'

/** More than anybody has clients. Consent is remembered as long as a grant it led to, so this bounds that, too. */
const maxUsed = 100
/** Codes that nobody has come for yet; each is gone after a minute. */
const maxWaiting = 20

/** Which of a user's grants make room for one more: those that were not used for longest. */
export function surplusGrants(grants: readonly ListedGrant[]): readonly ListedGrant[] {
  const newestFirst = grants.toSorted((a, b) => b.grant.renewedAt - a.grant.renewedAt)
  const { used = [], waiting = [] } = Object.groupBy(newestFirst, ({ grant }) =>
    grant.code.isUsed ? 'used' : 'waiting',
  )
  return [...used.slice(maxUsed - 1), ...waiting.slice(maxWaiting - 1)]
}
