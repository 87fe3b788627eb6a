import { codeChallenge, randomId } from '../secret.ts'
import {
  type AuthorizeQuestion,
  type AuthorizeReading,
  authorizeUrl,
  isRegistered,
  type LoginReading,
  readAuthorize,
  readLogin,
} from './authorize.ts'
import type { Probe } from './probe.ts'
import type { CheckedProvider } from './provider.ts'
import { findRegistered, neighbours } from './registered.ts'

/** Whether one scope may be asked for. */
interface ScopeReading {
  readonly scope: string
  readonly verdict: 'enabled' | 'refused' | 'unknown'
}

/** Everything the authorization endpoint and the page behind it say. */
export interface Authorization {
  /** The answer to what the gateway would send. */
  readonly reading: AuthorizeReading
  /** Callback URLs like ours that are registered, when ours is not. */
  readonly registered: readonly string[]
  /** The answer when one of those is sent in the place of ours; the same as `reading` when there is none. */
  readonly further: AuthorizeReading
  /** Each scope by itself, when all together were refused. */
  readonly scopes: readonly ScopeReading[]
  readonly login: LoginReading | undefined
}

/** Asks what a sign-in would ask, and on a refusal asks on until the cause is found. No user, no session. */
export async function askAuthorization(provider: CheckedProvider, probe: Probe): Promise<Authorization> {
  const ask = (changes: Partial<AuthorizeQuestion> = {}) => askAuthorize(provider, probe, changes)

  const reading = await ask()
  const isMismatch = reading.verdict === 'callback' || reading.verdict === 'oauth'
  const registered = isMismatch
    ? await findRegistered(neighbours(provider.redirectUri), async (url) =>
        isRegistered(await ask({ redirectUri: url })),
      )
    : []
  const [other] = registered
  const callback = other === undefined ? {} : { redirectUri: other }
  const further = other === undefined ? reading : await ask(callback)

  return {
    reading,
    registered,
    further,
    scopes:
      further.verdict === 'scope' ? await askScopes(provider.scopes, (scopes) => ask({ ...callback, scopes })) : [],
    login:
      further.loginUrl === undefined ? undefined : readLogin(await probe({ url: further.loginUrl }), further.loginUrl),
  }
}

/** Asks once, with what the gateway would send, but for `changes`. */
export async function askAuthorize(
  provider: CheckedProvider,
  probe: Probe,
  changes: Partial<AuthorizeQuestion> = {},
): Promise<AuthorizeReading> {
  const question = { ...questionOf(provider), ...changes }
  return readAuthorize(await probe({ url: authorizeUrl(question) }), question)
}

/** What the gateway would send. */
export function questionOf(provider: CheckedProvider): AuthorizeQuestion {
  return {
    endpoint: provider.authorizationEndpoint,
    clientId: provider.clientId,
    redirectUri: provider.redirectUri,
    scopes: provider.scopes,
    params: provider.authorizeParams,
    state: randomId(),
    codeChallenge: codeChallenge(randomId()),
  }
}

/** `profile`, `email` and `phone` need `openid` beside them; a custom scope does not. */
async function askScopes(
  scopes: readonly string[],
  ask: (scopes: readonly string[]) => Promise<AuthorizeReading>,
): Promise<readonly ScopeReading[]> {
  const openid = verdictOf(await ask(['openid']))
  return Promise.all(
    scopes.map(async (scope) => {
      if (scope === 'openid') return { scope, verdict: openid }
      const needsOpenid = ['profile', 'email', 'phone'].includes(scope)
      if (needsOpenid && openid !== 'enabled') return { scope, verdict: 'unknown' as const }
      return { scope, verdict: verdictOf(await ask(needsOpenid ? ['openid', scope] : [scope])) }
    }),
  )
}

function verdictOf({ verdict }: AuthorizeReading): ScopeReading['verdict'] {
  if (verdict === 'passed') return 'enabled'
  return verdict === 'scope' ? 'refused' : 'unknown'
}
