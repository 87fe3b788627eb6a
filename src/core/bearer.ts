import { GatewayError } from './errors.ts'
import type { PresentedToken, Provider } from './provider.ts'
import type { GuardedRoute } from './route.ts'

/**
 * The bearer token of an `Authorization` header (RFC 6750 section 2.1): empty when it is not well formed, `undefined`
 * when the header is not there or of another scheme.
 */
export function bearerOf(authorization: string | string[] | undefined): string | undefined {
  const [, scheme, rest = ''] = /^([^\s,]+)(.*)$/s.exec(String(authorization ?? '')) ?? []
  if (scheme?.toLowerCase() !== 'bearer') return undefined
  return /^ +([\w\-.~+/]+=*)$/.exec(rest)?.[1] ?? ''
}

/** A token that verified, and the provider that it is of. */
interface Verified {
  readonly provider: Provider
  readonly token: PresentedToken
}

/**
 * Verifies a bearer for a route: it must be of a provider whose identities may enter, and whose token goes to the
 * upstream, for it is itself what goes there. Throws as `Provider.verifyPresented`.
 */
export async function verifyBearer(
  bearer: string,
  { signIn, provider: injected, allow }: GuardedRoute,
  providers: ReadonlyMap<string, Provider>,
): Promise<Verified> {
  let refusal = new GatewayError('invalid_token')
  for (const name of signIn) {
    const provider = injected === undefined || injected === name ? providers.get(name) : undefined
    if (provider === undefined) continue
    try {
      return { provider, token: await provider.verifyPresented(bearer, allow.clients ?? []) }
    } catch (error) {
      // Another provider's, perhaps. What cannot be checked is another matter.
      if (!(error instanceof GatewayError && error.code === 'invalid_token')) throw error
      refusal = error
    }
  }
  throw refusal
}
