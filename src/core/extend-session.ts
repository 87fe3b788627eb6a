import type { Clock } from './ports.ts'
import { familyOf } from './session.ts'
import type { HeldSession, UserStore } from './user-store.ts'

interface ExtendSessionOptions {
  readonly store: Pick<UserStore, 'touchSession'>
  readonly idleMs: number
  readonly now: Clock
}

const maxTouched = 100_000

/** A session that is used lives on; the store hears of it now and then, never while somebody waits. */
export function createExtendSession({ store, idleMs, now }: ExtendSessionOptions) {
  const everyMs = idleMs / 20
  /** When this process last extended a session. */
  const touched = new Map<string, number>()
  const touching = new Set<string>()

  async function touch(family: string, session: HeldSession): Promise<void> {
    if (touched.size >= maxTouched) touched.clear()
    touched.set(family, now())
    touching.add(family)
    await store.touchSession(session).catch(() => touched.delete(family))
    touching.delete(family)
  }

  return {
    /** It is used now. */
    extend(session: HeldSession): void {
      const family = familyOf(session.name)
      if (now() - (touched.get(family) ?? 0) >= everyMs) void touch(family, session)
    },

    /** When the store is to hear of it next; zero as long as it is not known to have heard. Milliseconds since the epoch. */
    extendAt({ name }: HeldSession): number {
      const family = familyOf(name)
      const last = touching.has(family) ? undefined : touched.get(family)
      return last === undefined ? 0 : last + everyMs
    },
  }
}
