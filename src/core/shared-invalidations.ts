import type { InvalidationListener, Invalidations } from './ports.ts'

/** Invalidations that any number of caches may listen to. Who comes later hears what was last said of the hearing. */
export function shareInvalidations({ listen }: Invalidations): Invalidations {
  const listeners: InvalidationListener[] = []
  let isHearing: boolean | undefined

  return {
    listen(listener) {
      listeners.push(listener)
      if (isHearing !== undefined) listener.hearing(isHearing)
      if (listeners.length > 1) return
      listen({
        changed: (user) => {
          for (const { changed } of listeners) changed(user)
        },
        hearing: (hearing) => {
          isHearing = hearing
          for (const listening of listeners) listening.hearing(hearing)
        },
      })
    },
  }
}
