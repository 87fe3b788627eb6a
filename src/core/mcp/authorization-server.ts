import { GatewayError } from '../errors.ts'
import type { Audit, Clock } from '../ports.ts'
import { createAddressWindows } from '../windows.ts'
import type { Authorization } from './authorization.ts'
import type { Consent } from './consent.ts'
import { type AuthorizationServerSettings, authorizationServerMetadata } from './metadata.ts'
import type { Registration } from './registration.ts'
import type { Resources } from './resources.ts'
import type { TokenEndpoint } from './token-endpoint.ts'

/** The authorization server of each host that has MCP servers, as the HTTP layer sees it. */
export type AuthorizationServer = ReturnType<typeof createAuthorizationServer>

interface AuthorizationServerOptions extends AuthorizationServerSettings {
  readonly resources: Resources
  readonly registration: Registration
  readonly authorization: Authorization
  readonly consent: Consent
  readonly tokenEndpoint: TokenEndpoint
  readonly now: Clock
  readonly audit: Audit
}

const minuteMs = 60_000
/** Of one client address: more than apps need that were all opened at once. */
const registrationsPerMinute = 20

/** A host without MCP servers has none of it. Throws `route_not_found` there. */
export function createAuthorizationServer(options: AuthorizationServerOptions) {
  const { resources, registration, authorization, consent, tokenEndpoint, now, audit } = options
  const registrations = createAddressWindows(registrationsPerMinute, minuteMs)

  function served(issuer: string): void {
    if (resources.of(issuer).length === 0) throw new GatewayError('route_not_found')
  }

  return {
    consent,

    metadata(issuer: string) {
      served(issuer)
      return authorizationServerMetadata(issuer, resources.of(issuer), options)
    },

    async read(query: URLSearchParams, issuer: string) {
      served(issuer)
      return authorization.read(query, issuer)
    },

    async token(request: Parameters<TokenEndpoint['token']>[0]) {
      served(request.issuer)
      return tokenEndpoint.token(request)
    },

    async revoke(request: Parameters<TokenEndpoint['revoke']>[0]) {
      served(request.issuer)
      return tokenEndpoint.revoke(request)
    },

    /** Throws `rate_limited`, and OAuthError. */
    async register(body: unknown, issuer: string, clientAddress: string) {
      served(issuer)
      const window = registrations(clientAddress)
      const waitMs = window.waitMs(now())
      if (waitMs > 0) throw new GatewayError('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / 1000) })
      window.take(now())
      const registered = await registration.register(body, issuer)
      audit('client_registered', {
        client_id: registered.client_id,
        client_name: registered.client_name,
        redirect_uris: registered.redirect_uris.join(' '),
        client: clientAddress,
      })
      return registered
    },
  }
}
