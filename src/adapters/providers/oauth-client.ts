import oauth2 from '@fastify/oauth2'
import fastify from 'fastify'
import { ProviderError, type ProviderErrorOptions } from '../../core/provider.ts'

/** A registered client of an authorization server. */
export interface OAuthClientSettings {
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string
  readonly clientId: string
  /** Absent for a public client. */
  readonly clientSecret: string | undefined
  readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post'
  readonly redirectUri: string
  /** Further parameters of the authorization request, passed as they are. */
  readonly authorizeParams: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** A token endpoint's answer whose shape was checked (RFC 6749 section 5.1). */
export interface TokenResponse {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly expiresInSeconds: number | undefined
  readonly scope: string | undefined
}

/** The four things an OAuth client does. All but the first throw ProviderError. */
export interface OAuthClient {
  authorizationUrl(params: Params): string
  exchange(params: Params): Promise<TokenResponse>
  refresh(refreshToken: string): Promise<TokenResponse>
  revoke(refreshToken: string): Promise<void>
}

const maxAnswerBytes = 1_000_000
const step = 'code_exchange'

type Params = Readonly<Record<string, string>>
type Answer = { readonly token: Record<string, unknown> }

/** The part of the decorated client that we use; the plugin's own types leave it out. */
interface DecoratedClient {
  readonly authorizeURL: (params: Params) => string
  readonly getToken: (params: Params) => Promise<Answer>
  readonly createToken: (token: Params) => {
    readonly refresh: () => Promise<Answer>
    readonly revoke: (type: 'refresh_token') => Promise<unknown>
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    provider: { readonly oauth2: DecoratedClient }
  }
}

/** Registers `@fastify/oauth2` on a private instance, for the configured client that it decorates. */
export async function createOAuthClient(settings: OAuthClientSettings): Promise<OAuthClient> {
  const { clientId, clientSecret, redirectUri, tokenEndpoint } = settings
  const inHeader = settings.clientAuthentication === 'client_secret_basic'
  const app = fastify()
  await app.register(oauth2, {
    name: 'provider',
    callbackUri: redirectUri,
    userAgent: 'toolgate',
    credentials: {
      // A public client has no secret parameter to leave out: it names its id twice, under the same name.
      client: clientSecret
        ? { id: clientId, secret: clientSecret }
        : { id: clientId, secret: clientId, secretParamName: 'client_id' },
      auth: {
        tokenHost: new URL(tokenEndpoint).origin,
        tokenPath: tokenEndpoint,
        revokePath: settings.revocationEndpoint,
        authorizeHost: new URL(settings.authorizationEndpoint).origin,
        authorizePath: settings.authorizationEndpoint,
      },
      http: { timeout: settings.timeoutMs, maxBytes: maxAnswerBytes },
      options: { authorizationMethod: clientSecret && inHeader ? 'header' : 'body' },
    },
  })
  await app.ready()
  const client = app.provider.oauth2

  return {
    authorizationUrl: (params) =>
      client.authorizeURL({
        ...settings.authorizeParams,
        redirect_uri: redirectUri,
        ...params,
      }),
    exchange: (params) => answered(() => client.getToken({ ...params, redirect_uri: redirectUri })),
    refresh: (refreshToken) => answered(() => client.createToken({ refresh_token: refreshToken }).refresh()),
    revoke: async (refreshToken) => {
      try {
        await client.createToken({ refresh_token: refreshToken }).revoke('refresh_token')
      } catch (error) {
        // RFC 7009 answers with an empty body, which the client takes for unreadable JSON.
        if (statusOf(error) !== 200) throw translated(error)
      }
    },
  }
}

async function answered(call: () => Promise<Answer>): Promise<TokenResponse> {
  const { token } = await call().catch((error) => {
    throw translated(error)
  })
  // GitHub says no with status 200.
  const refusal = text(token.error)
  if (refusal !== undefined) throw refused(refusal, { description: text(token.error_description) })
  const accessToken = text(token.access_token)
  const type = token.token_type ?? 'bearer'
  if (accessToken === undefined || text(type)?.toLowerCase() !== 'bearer') {
    throw new ProviderError('unavailable', { step, description: 'the answer has no bearer access token' })
  }
  return {
    accessToken,
    refreshToken: text(token.refresh_token),
    idToken: text(token.id_token),
    expiresInSeconds: seconds(token.expires_in),
    // GitHub's empty one means that nothing was granted; none at all, that everything was.
    scope: typeof token.scope === 'string' ? token.scope : undefined,
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A number, or text that is one, as some providers send it. */
function seconds(value: unknown): number | undefined {
  const found = typeof value === 'number' ? value : Number.parseFloat(text(value) ?? '')
  return Number.isFinite(found) ? found : undefined
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function retryAfter(header: string | undefined): number | undefined {
  return seconds(header === undefined || /^\d+$/.test(header) ? header : (Date.parse(header) - Date.now()) / 1000)
}

/** What the client's error (a Boom) carries: the answer, when there was one, and its JSON body, when it was an error. */
interface ClientFailure {
  readonly data?: {
    readonly isResponseError?: boolean
    readonly payload?: unknown
    readonly res?: { readonly statusCode?: number; readonly headers?: Record<string, string | undefined> }
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as ClientFailure).data?.res?.statusCode
}

function translated(cause: unknown): ProviderError {
  const { data } = cause as ClientFailure
  const status = data?.res?.statusCode
  const payload = (data?.isResponseError ? data.payload : undefined) as Record<string, unknown> | null | undefined
  const error = text(payload?.error)
  const options: ProviderErrorOptions = {
    step,
    cause,
    status,
    error,
    description: text(payload?.error_description),
    retryAfterSeconds: retryAfter(data?.res?.headers?.['retry-after']),
  }
  const answeredNo = error !== undefined && status !== undefined && status >= 400 && status < 500 && status !== 429
  return answeredNo ? refused(error, options) : new ProviderError('unavailable', options)
}

/** `invalid_grant` by RFC 6749 section 5.2; GitHub has words of its own for it. */
const endingErrors = ['invalid_grant', 'bad_refresh_token', 'bad_verification_code']

function refused(error: string, options: ProviderErrorOptions): ProviderError {
  return new ProviderError(endingErrors.includes(error) ? 'invalid_grant' : 'refused', { step, ...options, error })
}
