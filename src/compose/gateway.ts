import type { buildAdmin } from '../http/admin.ts'
import type { buildApp } from '../http/app.ts'
import type { buildForwardAuth } from '../http/forward-auth.ts'

/** A gateway, ready to listen. */
export interface Gateway {
  readonly app: Awaited<ReturnType<typeof buildApp>>
  readonly admin: ReturnType<typeof buildAdmin>
  /** What front proxies ask; only where the config has a listener for it. */
  readonly forwardAuth: Awaited<ReturnType<typeof buildForwardAuth>> | undefined
  /** Says on `/readyz` that no more requests are wanted. */
  readonly drain: () => void
  readonly close: () => Promise<void>
}

interface Parts {
  readonly listening: Pick<Gateway, 'app' | 'forwardAuth'>
  readonly buildAdmin: (isServing: () => boolean) => Gateway['admin']
  /** Ends what goes on behind the listeners, once these have finished. */
  readonly stop: () => Promise<void>
}

/** Puts the listeners of a gateway together, and how they end: what runs is finished first. */
export function gatewayOf({ listening: { app, forwardAuth }, buildAdmin, stop }: Parts): Gateway {
  let serving = true
  const admin = buildAdmin(() => serving)
  const listeners = [app, admin, ...(forwardAuth ? [forwardAuth] : [])]
  return {
    app,
    admin,
    forwardAuth,
    drain: () => {
      serving = false
    },
    close: async () => {
      // Connections that were busy when it began are idle by and by; their clients would keep them for a minute.
      const sweep = setInterval(() => listeners.map(({ server }) => server.closeIdleConnections()), 100)
      await Promise.all([app.close(), forwardAuth?.close()])
      await admin.close()
      clearInterval(sweep)
      await stop()
    },
  }
}
