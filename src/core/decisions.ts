import type { HeldTokens } from './held-records.ts'
import type { Passage, User } from './passage.ts'
import type { Clock } from './ports.ts'
import type { GuardedRoute } from './route.ts'
import type { HeldSession } from './user-store.ts'

interface DecisionsOptions {
  /** Whether these tokens are still those to use. */
  readonly isNewest: (tokens: HeldTokens) => boolean
  /** When they begin to age. Milliseconds since the epoch. */
  readonly staysFreshUntil: (tokens: HeldTokens) => number
  /** When a session is next to be told that it was used. Milliseconds since the epoch. */
  readonly extendAt: (session: HeldSession) => number
  readonly now: Clock
}

interface Decision {
  readonly passage: Passage
  readonly signedIn: HeldTokens
  readonly injected: HeldTokens
  /** Until then to decide again would say the same, and do nothing. Milliseconds since the epoch. */
  readonly until: number
}

/** Who passes which route with a session as it is held: decided once, and known until something of it changes. */
export function createDecisions({ isNewest, staysFreshUntil, extendAt, now }: DecisionsOptions) {
  const decisions = new WeakMap<GuardedRoute, WeakMap<HeldSession, Decision>>()

  return {
    /** What was decided of this very session, if it still holds. */
    find(route: GuardedRoute, session: HeldSession): Passage | undefined {
      const decision = decisions.get(route)?.get(session)
      if (decision === undefined || now() >= decision.until) return undefined
      const { passage, signedIn, injected } = decision
      const holds = isNewest(signedIn) && (injected === signedIn || isNewest(injected))
      return holds ? passage : undefined
    },

    /** Somebody passes. */
    keep(route: GuardedRoute, user: User, injected: HeldTokens): Passage {
      const { session, tokens: signedIn } = user
      const passage = { user, tokens: injected }
      const until = Math.min(session.endsAt, extendAt(session), staysFreshUntil(signedIn), staysFreshUntil(injected))
      const ofRoute = decisions.get(route) ?? new WeakMap<HeldSession, Decision>()
      decisions.set(route, ofRoute.set(session, { passage, signedIn, injected, until }))
      return passage
    },
  }
}
