import { decodeJwt } from 'jose'
import { type Claims, subjectOf } from '../../core/claims.ts'
import type { Clock } from '../../core/ports.ts'
import { type Provider, ProviderError } from '../../core/provider.ts'
import type { Endpoints, ProviderSettings } from '../../core/provider-settings.ts'
import { sha256 } from '../../core/secret.ts'
import { createIdTokenVerifier } from './id-token.ts'
import { createLogoutTokenVerifier } from './logout-token.ts'
import { createMetadata } from './metadata.ts'
import { createOAuthClient, type OAuthClient, type TokenResponse } from './oauth-client.ts'
import { createPresentedTokenVerifier } from './presented-token.ts'
import { createReachable } from './reachable.ts'
import { createSigningKeys } from './signing-keys.ts'
import { fetchUserInfo } from './user-info.ts'

/** A provider over its settings. Nothing is fetched before it is needed, so that it may be away when we start. */
export function createProvider(settings: ProviderSettings, redirectUri: string, now: Clock): Provider {
  const { name, title, issuer, clientId, claimNames, timeoutMs } = settings
  const metadata = createMetadata(settings, now)
  const keys = createSigningKeys(settings, now)
  const verifyIdToken = createIdTokenVerifier({ ...settings, issuer: issuer ?? settings.issuerPattern, now }, keys)
  const verifyPresented = createPresentedTokenVerifier(settings, keys, now)
  const sendsLogout = settings.protocol === 'openid' && !settings.isCognito && issuer !== undefined
  const verifyLogoutToken = sendsLogout ? createLogoutTokenVerifier(settings, issuer, keys, now) : undefined
  const clients = new Map<string, Promise<OAuthClient>>()

  async function endpoint(which: keyof Endpoints): Promise<string> {
    const { endpoints } = await metadata()
    const url = endpoints[which]
    if (url === undefined) throw new ProviderError('refused', { description: `it has no ${which}` })
    return url
  }

  /** The registered client; a new one when the provider's endpoints have moved. */
  async function client(): Promise<OAuthClient> {
    const authorizationEndpoint = await endpoint('authorizationEndpoint')
    const tokenEndpoint = await endpoint('tokenEndpoint')
    const { revocationEndpoint = tokenEndpoint } = (await metadata()).endpoints
    const key = [authorizationEndpoint, tokenEndpoint, revocationEndpoint].join(' ')
    const known =
      clients.get(key) ??
      createOAuthClient({ ...settings, authorizationEndpoint, tokenEndpoint, revocationEndpoint, redirectUri })
    clients.clear()
    clients.set(key, known)
    return known
  }

  /** What an answer says of the user; `undefined` for a provider that says nothing of users. */
  async function claimsOf(
    answer: Pick<TokenResponse, 'accessToken' | 'idToken'>,
    expected: Parameters<typeof verifyIdToken>[1],
  ): Promise<Claims | undefined> {
    const { endpoints } = await metadata()
    if (settings.protocol === 'openid' && answer.idToken !== undefined) {
      const claims = await verifyIdToken(answer.idToken, expected, endpoints.jwksUri)
      const isComplete = claims.email_verified !== undefined || !settings.scopes.includes('email')
      return isComplete ? claims : { ...claims, ...(await furtherClaims(answer.accessToken, String(claims.sub))) }
    }
    return userInfo(answer.accessToken, expected.sub)
  }

  /** What user info adds to an ID token; nothing where the access token is meant for others, as Entra's may be. */
  async function furtherClaims(accessToken: string, sub: string): Promise<Claims | undefined> {
    try {
      return await userInfo(accessToken, sub)
    } catch (error) {
      if (error instanceof ProviderError && error.failure === 'invalid_grant') return undefined
      throw error
    }
  }

  /** `sub` is whom the token must belong to, when that is known. */
  async function userInfo(accessToken: string, sub: string | undefined): Promise<Claims | undefined> {
    const { userinfoEndpoint } = (await metadata()).endpoints
    if (userinfoEndpoint === undefined) return undefined
    const claims = await fetchUserInfo(userinfoEndpoint, accessToken, timeoutMs)
    const found = subjectOf(claims[settings.subject ?? 'sub'])
    if (found === undefined || (sub !== undefined && found !== sub)) {
      throw new ProviderError('wrong_user', { step: 'user_info', description: 'the user info is of another user' })
    }
    return { ...claims, sub: found }
  }

  return {
    name,
    title,
    client: sha256(JSON.stringify([issuer ?? settings.endpoints.tokenEndpoint, clientId])),
    clientId,
    scopes: settings.scopes,
    canSignIn: settings.protocol === 'openid' || settings.subject !== undefined,
    revokesAlone: settings.isCognito,
    claimNames,
    trustUnverifiedEmail: settings.trustUnverifiedEmail,
    timeoutMs,
    maxRate: settings.maxRate,
    refreshLifetimeMs: settings.refreshLifetimeMs,

    async authorizationUrl({ state, nonce, codeChallenge, scopes }) {
      return (await client()).authorizationUrl({
        scope: scopes.join(' '),
        state,
        nonce,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
      })
    },

    isThere: createReachable(async () => (await metadata()).endpoints.jwksUri, settings, now),

    async isAnswerFrom(iss) {
      const { sendsIssuer } = await metadata()
      if (iss === undefined) return !sendsIssuer
      // Without an issuer there is nothing to compare: that each provider has a callback of its own is what guards then.
      return issuer === undefined ? (settings.issuerPattern?.test(iss) ?? true) : iss === issuer
    },

    async exchange({ code, codeVerifier, nonce, scopes }) {
      const answer = await (await client()).exchange({ code, code_verifier: codeVerifier })
      if (settings.protocol === 'openid' && answer.idToken === undefined) {
        throw new ProviderError('refused', { step: 'id_token', description: 'no ID token: is openid a scope?' })
      }
      const claims = await claimsOf(answer, { nonce })
      return { ...answer, scopes: grantedScopes(answer) ?? scopes, claims }
    },

    async refresh(refreshToken, { sub, nonce, scopes }) {
      const answer = await (await client()).refresh(refreshToken)
      const tokens = { ...answer, scopes: grantedScopes(answer) ?? scopes, claims: undefined }
      try {
        return { ...tokens, claims: await claimsOf(answer, { sub, formerNonce: nonce }) }
      } catch (error) {
        // The new tokens are good even when nobody can say so now.
        if (error instanceof ProviderError && error.failure === 'unavailable')
          return { ...tokens, claimsUnverified: true }
        if (error instanceof ProviderError && error.failure !== 'wrong_user' && error.step === 'user_info')
          return tokens
        throw error
      }
    },

    recheck: (sources, { sub, nonce }) => claimsOf(sources, { sub, formerNonce: nonce }),

    async revoke(refreshToken) {
      if ((await metadata()).endpoints.revocationEndpoint !== undefined) await (await client()).revoke(refreshToken)
    },

    verifyPresented: (token, listed) =>
      verifyPresented(token, listed, async () => (await metadata()).endpoints.jwksUri),

    verifyLogout:
      verifyLogoutToken && ((token) => verifyLogoutToken(token, async () => (await metadata()).endpoints.jwksUri)),

    async signOutUrl(returnTo, idToken) {
      if (settings.signOut === 'local') return undefined
      const end = await endpoint('endSessionEndpoint').catch(() => undefined)
      if (end === undefined) return undefined
      const url = new URL(end)
      url.searchParams.set('client_id', clientId)
      // Cognito's own form; OpenID Connect RP-Initiated Logout 1.0 for all others.
      url.searchParams.set(settings.signOut === 'cognito' ? 'logout_uri' : 'post_logout_redirect_uri', returnTo)
      if (settings.signOut === 'openid' && idToken !== undefined) url.searchParams.set('id_token_hint', idToken)
      return url.toString()
    },
  }
}

/** The answer's `scope`, or the access token's, as Cognito has it. */
function grantedScopes({ scope, accessToken }: TokenResponse): readonly string[] | undefined {
  const granted = scope ?? scopeClaim(accessToken)
  return granted?.split(/[ ,]+/).filter((entry) => entry !== '')
}

function scopeClaim(accessToken: string): string | undefined {
  try {
    const { scope } = decodeJwt(accessToken)
    return typeof scope === 'string' ? scope : undefined
  } catch {
    return undefined
  }
}
