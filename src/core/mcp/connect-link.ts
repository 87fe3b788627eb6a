import type { Clock, Keyring } from '../ports.ts'

/** Who is to connect an account, and for what. */
export interface ConnectLink {
  /** The user key: nobody else may. */
  readonly user: string
  readonly provider: string
  /** The name of the route whose tool needs it. */
  readonly route: string
  /** The grant of the app that called the tool; none, when it was a page. */
  readonly grant?: string
}

interface StatedLink extends ConnectLink {
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** Addresses of pages on which one user connects one account. See `createConnectLinks`. */
export type ConnectLinks = ReturnType<typeof createConnectLinks>

const validMs = 10 * 60_000
const purpose = 'connect link'

/** What a link says is sealed, so that it tells nothing of its user; it lets nobody in that has no session of its own. */
export function createConnectLinks(keyring: Keyring, base: string, now: Clock) {
  return {
    /** A new link, good for ten minutes. */
    to(link: ConnectLink): string {
      const stated: StatedLink = { ...link, until: now() + validMs }
      const sealed = keyring.seal(purpose, link.provider, Buffer.from(JSON.stringify(stated)))
      return `${base}/connections/${link.provider}/link?for=${Buffer.from(sealed).toString('base64url')}`
    },

    /** What a link of this provider's says; `undefined` when it is not ours. */
    read(provider: string, sealed: string): (ConnectLink & { readonly isOver: boolean }) | undefined {
      const plain = keyring.open(purpose, provider, Buffer.from(sealed, 'base64url'))
      if (plain === undefined) return undefined
      const { until, ...link }: StatedLink = JSON.parse(Buffer.from(plain).toString())
      return { ...link, isOver: until <= now() }
    },
  }
}
