import t from 'tap'
import { createDecisions } from '../../src/core/decisions.ts'
import type { HeldTokens } from '../../src/core/held-records.ts'
import type { User } from '../../src/core/passage.ts'
import { heldTokens } from '../support/passage.ts'
import { aRoute } from '../support/route.ts'

const signedIn = heldTokens()
const crm = { ...heldTokens(), provider: 'crm' }
const session = { user: 'hash', name: 's:one', endsAt: 1_000 } as unknown as User['session']
const user = { session, tokens: signedIn } as User
const [route, another] = [aRoute(), aRoute()]

/** Decisions at time 0, where everything holds for long unless told otherwise. */
function decided(ends: { extendAt?: number; fresh?: (tokens: HeldTokens) => number } = {}) {
  const clock = { at: 0 }
  const newer = new Set<HeldTokens>()
  const decisions = createDecisions({
    isNewest: (tokens) => !newer.has(tokens),
    staysFreshUntil: (tokens) => ends.fresh?.(tokens) ?? 1_000,
    extendAt: () => ends.extendAt ?? 1_000,
    now: () => clock.at,
  })
  const passage = decisions.keep(route, user, crm)
  return { find: decisions.find, clock, newer, passage }
}

t.test('who passed, passes again: on that route, with that very session', async (t) => {
  const { find, passage } = decided()

  t.strictSame(passage, { user, tokens: crm })
  t.equal(find(route, session), passage)
  t.equal(find(another, session), undefined)
  t.equal(find(route, { ...session }), undefined, 'another one, or the same after a change')
})

t.test('it is decided anew from the first moment on that something is due', async (t) => {
  const due = {
    'the session ends': decided(),
    'its use is to be noted': decided({ extendAt: 700 }),
    'the sign-in is to be refreshed': decided({ fresh: (tokens) => (tokens === signedIn ? 700 : 1_000) }),
    'the injected tokens are': decided({ fresh: (tokens) => (tokens === crm ? 700 : 1_000) }),
  }

  for (const [what, { find, clock, passage }] of Object.entries(due)) {
    const at = what === 'the session ends' ? 1_000 : 700
    clock.at = at - 1
    t.equal(find(route, session), passage, what)
    clock.at = at
    t.equal(find(route, session), undefined, what)
  }
})

t.test('it is decided anew when newer tokens are there, though not in the store yet', async (t) => {
  for (const renewed of [signedIn, crm]) {
    const { find, newer } = decided()

    newer.add(renewed)

    t.equal(find(route, session), undefined)
  }
})
