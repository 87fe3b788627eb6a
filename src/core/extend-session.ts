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
export function createExtendSession({ store, idleMs, now }: ExtendSessionOptions): (session: HeldSession) => void {
  /** When this process last extended a session. */
  const touched = new Map<string, number>()
  return function extendSession(session) {
    const family = familyOf(session.name)
    const last = touched.get(family) ?? 0
    if (now() - last < idleMs / 20) return
    if (touched.size >= maxTouched) touched.clear()
    touched.set(family, now())
    store.touchSession(session).catch(() => touched.delete(family))
  }
}
