import { decodeJwt } from 'jose'
import type { ClaimNames } from '../../core/claims.ts'
import type { Clock } from '../../core/ports.ts'
import { type Provider, ProviderError, type ProviderTokens } from '../../core/provider.ts'
import { sha256 } from '../../core/secret.ts'
import { createIdTokenVerifier } from './id-token.ts'
import { createOAuthClient, type TokenResponse } from './oauth2.ts'

/** A Cognito app client and the pool it belongs to. Endpoints that are not given follow from the domain. */
export interface CognitoSettings {
  readonly name: string
  readonly title: string
  /** Origin of the user pool domain. */
  readonly domain: string
  readonly userPoolId: string | undefined
  readonly issuer: string | undefined
  readonly jwksUri: string | undefined
  readonly authorizationEndpoint: string | undefined
  readonly tokenEndpoint: string | undefined
  readonly revocationEndpoint: string | undefined
  readonly endSessionEndpoint: string | undefined
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly scopes: readonly string[]
  readonly authorizeParams: Readonly<Record<string, string>>
  readonly claimNames: ClaimNames
  readonly trustUnverifiedEmail: boolean
  readonly signOut: 'provider' | 'local'
  readonly refreshLifetimeMs: number
  readonly timeoutMs: number
  readonly redirectUri: string
}

const cognitoIssuer = /^https:\/\/(?:issuer-)?cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/[\w-]+$/

/** A Cognito user pool as a provider. Nothing is fetched before the first sign-in. */
export async function createCognito(settings: CognitoSettings, now: Clock): Promise<Provider> {
  const { domain, clientId, userPoolId } = settings
  const issuer = settings.issuer ?? (userPoolId && issuerOf(userPoolId))
  const tokenEndpoint = settings.tokenEndpoint ?? `${domain}/oauth2/token`
  const client = await createOAuthClient({
    ...settings,
    tokenEndpoint,
    authorizationEndpoint: settings.authorizationEndpoint ?? `${domain}/oauth2/authorize`,
    revocationEndpoint: settings.revocationEndpoint ?? `${domain}/oauth2/revoke`,
  })
  const verifyIdToken = createIdTokenVerifier({
    issuer: issuer ?? ((iss) => cognitoIssuer.test(iss)),
    jwksUri: (iss) => settings.jwksUri ?? `${iss}/.well-known/jwks.json`,
    clientId,
    required: { token_use: 'id' },
    timeoutMs: settings.timeoutMs,
    now,
  })

  return {
    name: settings.name,
    title: settings.title,
    issuer,
    client: sha256(JSON.stringify([issuer ?? tokenEndpoint, clientId])),
    claimNames: settings.claimNames,
    trustUnverifiedEmail: settings.trustUnverifiedEmail,
    timeoutMs: settings.timeoutMs,
    refreshLifetimeMs: settings.refreshLifetimeMs,

    authorizationUrl: ({ state, nonce, codeChallenge }) =>
      client.authorizationUrl({ state, nonce, code_challenge: codeChallenge, code_challenge_method: 'S256' }),

    async exchange({ code, codeVerifier, nonce }) {
      const answer = await client.exchange({ code, code_verifier: codeVerifier })
      if (answer.idToken === undefined)
        throw new ProviderError('refused', { description: 'no ID token: is openid a scope?' })
      const claims = await verifyIdToken(answer.idToken, { nonce })
      return { ...tokensOf(answer), claims }
    },

    async refresh(refreshToken, sub) {
      const answer = await client.refresh(refreshToken)
      const claims = answer.idToken === undefined ? undefined : await claimsIfKeys(answer.idToken, sub)
      return { ...tokensOf(answer), claims }
    },

    revoke: (refreshToken) => client.revoke(refreshToken),

    signOutUrl(returnTo) {
      if (settings.signOut === 'local') return undefined
      const url = new URL(settings.endSessionEndpoint ?? `${domain}/logout`)
      url.searchParams.set('client_id', clientId)
      url.searchParams.set('logout_uri', returnTo)
      return url.toString()
    },
  }

  /** The new tokens are good even when the keys cannot be had now: the claims stay as they were until next time. */
  async function claimsIfKeys(idToken: string, sub: string) {
    try {
      return await verifyIdToken(idToken, { sub })
    } catch (error) {
      if (error instanceof ProviderError && error.failure === 'unavailable') return undefined
      throw error
    }
  }

  function tokensOf(answer: TokenResponse): Omit<ProviderTokens, 'claims'> {
    return { ...answer, scopes: grantedScopes(answer) ?? settings.scopes }
  }
}

/** Cognito's answers have no `scope`; the access token has. */
function grantedScopes({ scope, accessToken }: TokenResponse): readonly string[] | undefined {
  const granted = scope ?? scopeClaim(accessToken)
  return granted?.split(' ').filter((entry) => entry !== '')
}

function scopeClaim(accessToken: string): string | undefined {
  try {
    const { scope } = decodeJwt(accessToken)
    return typeof scope === 'string' ? scope : undefined
  } catch {
    return undefined
  }
}

/** A pool's id begins with its region. */
function issuerOf(userPoolId: string): string {
  const region = userPoolId.split('_')[0] ?? ''
  return `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`
}
