import type { Attempts } from './attempt.ts'
import type { Redirection } from './departure.ts'
import type { Endings } from './endings.ts'
import type { Audit } from './ports.ts'
import type { Provider } from './provider.ts'
import { type Cookies, removed } from './sealed-cookies.ts'
import { userKey } from './session.ts'
import type { UserStore } from './user-store.ts'

interface SignOutOptions {
  readonly store: Pick<UserStore, 'readSession'>
  readonly attemptsOn: (origin: string) => Attempts
  readonly providers: ReadonlyMap<string, Provider>
  readonly endings: Endings
  readonly cookieName: string
  /** The page that says it is done; the provider sends the browser back to it. */
  readonly signedOutUrl: string
  readonly audit: Audit
}

/** Where to go now, and whom the session was from: nobody, when there was none. */
interface SignedOut extends Redirection {
  readonly provider: string | undefined
  /** The way leads through the provider, which ends its own session. */
  readonly endsProviderSession: boolean
}

/** Ends this browser's session on all hosts, or all of its user's. Throws `store_unavailable`: then nothing has changed. */
export type SignOut = (cookies: Cookies, everywhere: boolean, origin: string) => Promise<SignedOut>

/** See `SignOut`. The provider's own session ends in the browser. */
export function createSignOut(options: SignOutOptions): SignOut {
  const { store, attemptsOn, providers, endings, cookieName, signedOutUrl, audit } = options
  return async function signOut(cookies, everywhere, origin) {
    const held = await store.readSession(cookies[cookieName], [...providers.keys()])
    if (held === undefined) {
      const gone = [removed(cookieName)]
      return { location: signedOutUrl, cookies: gone, provider: undefined, endsProviderSession: false }
    }

    const { provider, sub } = held.session
    if (everywhere) await endings.everywhere({ user: held.user, provider, sub }, 'signed out everywhere')
    else await endings.session(held, 'signed out')
    audit('sign_out', { user: userKey(provider, sub), provider, everywhere: String(everywhere) })
    const set = held.tokens.get(provider)?.set
    // What another issuer gave is sent nowhere.
    const idToken = set?.client === providers.get(provider)?.client ? set?.idToken : undefined
    const location = await providers.get(provider)?.signOutUrl(signedOutUrl, idToken)
    return {
      location: location ?? signedOutUrl,
      cookies: [removed(cookieName), ...attemptsOn(origin).forgive(cookies)],
      provider,
      endsProviderSession: location !== undefined,
    }
  }
}
