import { canonicalPath } from './canonical-path.ts'
import type { Redirection } from './departure.ts'
import { GatewayError, isEnded } from './errors.ts'
import type { Guard, GuardedRequest } from './guard.ts'
import type { HandOver, Sender } from './hand-over.ts'
import type { AuthorizationRequest } from './mcp/authorization-request.ts'
import { scopesFrom } from './mcp/consent.ts'
import { ScopeError, type User } from './passage.ts'
import type { Provider } from './provider.ts'
import { missingScopes } from './replace-tokens.ts'
import type { GuardedRoute } from './route.ts'
import type { RouteTable } from './route-table.ts'
import type { Cookies } from './sealed-cookies.ts'
import type { AskForScopes, RefusedScopes } from './step-up.ts'

/** Whom somebody has yet to sign in with, and for what. */
export interface YetToSignIn {
  readonly route: GuardedRoute | undefined
  /** Any of these. */
  readonly signIn: readonly string[]
  /** What a user consented to, who has yet to sign in for it. */
  readonly consent: AuthorizationRequest | undefined
}

/** What another host wants of a browser that it sent. */
type Wanted = Pick<YetToSignIn, 'route' | 'consent'>

interface SignInForHostOptions {
  readonly guard: Pick<Guard, 'admit' | 'identify'>
  readonly table: RouteTable
  readonly providers: ReadonlyMap<string, Provider>
  readonly handOver: Pick<HandOver, 'send' | 'signInAt'>
  readonly askForScopes: AskForScopes
  readonly refusedScopes: RefusedScopes
  /** What a client asks for at an issuer. */
  readonly readAuthorization: (query: URLSearchParams, issuer: string) => Promise<AuthorizationRequest | Redirection>
  readonly publicUrl: string
  readonly basePath: string
}

/** What becomes, at `public_url`, of a browser that another host sent to be signed in. `provider`: the one it has to be. */
export type SignInForHost = (
  sender: Sender,
  provider: string | undefined,
  request: GuardedRequest,
  cookies: Cookies,
) => Promise<Redirection | YetToSignIn>

/** See `SignInForHost`: back at once where somebody is signed in already, first to the provider where scopes are missing. */
export function createSignInForHost(options: SignInForHostOptions): SignInForHost {
  const { guard, table, providers, handOver, askForScopes, refusedScopes, publicUrl, basePath } = options
  const anywhere = [...new Set(table.routes.flatMap(({ signIn }) => signIn))]

  return async function signInForHost(sender, provider, request, cookies) {
    const wanted = await wantedBy(sender)
    const signIn = provider === undefined ? (wanted.route?.signIn ?? anywhere) : [provider]
    const user = await guard.identify(request, [...providers.keys()]).catch((error) => {
      if (isEnded(error)) return undefined
      throw error
    })
    if (user === undefined || !signIn.includes(user.provider)) {
      return { ...wanted, signIn }
    }
    const lacking = await lackingFor(wanted, user, request)
    if (lacking === undefined) return handOver.send(user.session, sender, [])
    const here = handOver.signInAt(sender, provider ?? '')
    const asking = await askForScopes(lacking, here, cookies, publicUrl)
    // Refused just now: the host says so itself.
    return asking ?? handOver.send(user.session, sender, refusedScopes.of(lacking.start.provider, cookies))
  }

  async function wantedBy({ origin, returnTo }: Sender): Promise<Wanted> {
    const { host, pathname, searchParams } = new URL(origin + returnTo)
    if (pathname === `${basePath}/authorize`) {
      const asked = await options.readAuthorization(searchParams, origin)
      return 'location' in asked ? { route: undefined, consent: undefined } : { route: asked.route, consent: asked }
    }
    return { route: routeAt(host, pathname), consent: undefined }
  }

  function routeAt(host: string, path: string): GuardedRoute | undefined {
    try {
      return table.match(host, canonicalPath(path))
    } catch (error) {
      if (error instanceof GatewayError) return undefined
      throw error
    }
  }

  /** Whatever else is missing that host has a page for. */
  async function lackingFor(
    { route, consent }: Wanted,
    user: User,
    request: GuardedRequest,
  ): Promise<ScopeError | undefined> {
    if (consent !== undefined) {
      const scopes = scopesFrom(user.provider, consent)
      if (missingScopes(scopes, user.tokens.set.scopes).length === 0) return undefined
      return new ScopeError({ ...consent.route, scopes }, user, user.tokens, providers.get(user.provider)?.scopes ?? [])
    }
    if (route === undefined || route.scopes.length === 0) return undefined
    const failure = await guard.admit(route, request).then(
      () => undefined,
      (error) => error,
    )
    return failure instanceof ScopeError ? failure : undefined
  }
}
