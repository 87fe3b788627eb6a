import { createVerifySignature, fetchKeys } from '../adapters/client-keys.ts'
import { createFetchPublic, fetchNothing, type Internet, publicInternet } from '../adapters/fetch-public.ts'
import type { Config } from '../config/schema.ts'
import type { Attempts } from '../core/attempt.ts'
import type { Connections } from '../core/connections.ts'
import type { FailedAttempt } from '../core/departure.ts'
import type { Endings } from '../core/endings.ts'
import { createAuthorization, createConsentedRequest } from '../core/mcp/authorization.ts'
import { createAuthorizationServer } from '../core/mcp/authorization-server.ts'
import type { Client } from '../core/mcp/client.ts'
import { createCheckAssertion } from '../core/mcp/client-assertion.ts'
import { createAuthenticateClient } from '../core/mcp/client-authentication.ts'
import { createFindByDocument } from '../core/mcp/client-documents.ts'
import { createFindClient } from '../core/mcp/clients.ts'
import { createConnectLinks } from '../core/mcp/connect-link.ts'
import { createConsent } from '../core/mcp/consent.ts'
import { createAnswerConsented, createFinishConsent } from '../core/mcp/consented.ts'
import type { GrantStore } from '../core/mcp/grant-store.ts'
import { createGrants } from '../core/mcp/grants.ts'
import { createKeptDocuments } from '../core/mcp/kept-documents.ts'
import { createLinkings } from '../core/mcp/linking.ts'
import { endpointOf } from '../core/mcp/metadata.ts'
import { createRefusedConsent } from '../core/mcp/refused-consent.ts'
import { createRefusedForHost } from '../core/mcp/refused-for-host.ts'
import { createRegistration } from '../core/mcp/registration.ts'
import { createResources } from '../core/mcp/resources.ts'
import { createTokenEndpoint } from '../core/mcp/token-endpoint.ts'
import { createUserGrants } from '../core/mcp/user-grants.ts'
import type { Audit, Clock, Keyring, Locks, Sleep } from '../core/ports.ts'
import type { Provider } from '../core/provider.ts'
import type { Finished, Returned } from '../core/round-trip.ts'
import type { GuardedRoute } from '../core/route.ts'
import type { SealedCookiesOn } from '../core/sealed-cookies.ts'
import { isEqualSecret } from '../core/secret.ts'
import type { UserStore } from '../core/user-store.ts'

interface McpOptions {
  readonly config: Config
  readonly routes: readonly GuardedRoute[]
  readonly grantStore: GrantStore
  readonly userStore: UserStore
  readonly locks: Locks
  readonly keyring: Keyring
  /** Of keys that stay when encryption keys change. */
  readonly lastingKeyring: () => Promise<Keyring>
  readonly sealedOn: SealedCookiesOn
  readonly attemptsOn: (origin: string) => Attempts
  readonly providers: ReadonlyMap<string, Provider>
  readonly endings: Endings
  readonly connections: Connections
  readonly signIn: (returned: Returned) => Promise<Finished>
  readonly cookieName: string
  readonly now: Clock
  readonly sleep: Sleep
  readonly audit: Audit
  /** Of the client in the course of whose request it is asked for. */
  readonly clientAddress: () => string
  /** What documents of clients are fetched from. */
  readonly internet: Internet | undefined
}

/** The authorization server for MCP clients. */
export function composeMcp(options: McpOptions) {
  const { config, routes, grantStore, userStore, locks, keyring, lastingKeyring, sealedOn, providers } = options
  const { attemptsOn, endings, connections, signIn, cookieName, now, sleep, audit, clientAddress } = options
  const { internet = publicInternet } = options
  const resources = createResources(routes)
  const registration = createRegistration({ lastingKeyring, now })
  const fetch = config.mcp.client_documents ? createFetchPublic(internet) : fetchNothing
  const read = createKeptDocuments({ fetch, now, clientAddress })
  const verifySignature = createVerifySignature({
    ofConfig: createKeptDocuments({ fetch: fetchKeys, now, clientAddress }),
    ofClients: read,
  })
  const findClient = createFindClient({
    configured: config.mcp.clients.map(clientOf),
    findByDocument: createFindByDocument(read),
    registration,
  })
  const checkAssertion = createCheckAssertion({
    ...{ verifySignature, locks, now },
    tokenEndpointOf: (issuer) => endpointOf(issuer, config.base_path, 'token'),
  })
  const grants = createGrants({ store: grantStore, tokens: userStore, endings, now, audit })
  const authorization = createAuthorization(findClient, resources, audit)
  const consent = createConsent({ grants, store: userStore, providers, sealedOn, cookieName, audit })
  const tokenEndpoint = createTokenEndpoint(createAuthenticateClient(findClient, checkAssertion, audit), grants)
  const publicUrl = config.public_url
  const links = createConnectLinks(keyring, publicUrl + config.base_path, now)
  const consentedAt = (issuer: string) => createConsentedRequest(authorization, issuer)
  const answerConsented = createAnswerConsented({ consentedAt, consent })
  const refusedConsent = createRefusedConsent(consentedAt(publicUrl))
  const refusedForHost = createRefusedForHost({ attemptsOn, consentedAt, publicUrl, basePath: config.base_path })
  return {
    answerConsented,
    readAuthorization: authorization.read,
    finishConsent: createFinishConsent({ answerConsented, store: userStore, signIn, publicUrl }),
    refusedConsent: async (failed: FailedAttempt) => (await refusedConsent(failed)) ?? refusedForHost.send(failed),
    services: {
      refusedForHost,
      grants: createUserGrants(grantStore, endings),
      linkings: createLinkings({ links, grants: grantStore, connections, routes, sleep, audit }),
      authorizationServer: createAuthorizationServer({
        ...{ resources, registration, authorization, consent, tokenEndpoint, now, audit },
        basePath: config.base_path,
        readsDocuments: config.mcp.client_documents,
      }),
    },
  }
}

function clientOf({
  client_id: id,
  client_name: name,
  redirect_uris,
  client_secret,
  jwks_uri,
}: Config['mcp']['clients'][number]): Client {
  const withoutSecret = jwks_uri === undefined ? 'none' : 'private_key_jwt'
  return {
    id,
    name,
    known: 'configured',
    redirectUris: redirect_uris,
    authentications: [client_secret === undefined ? withoutSecret : 'client_secret_basic'],
    hasSecret: (secret) => client_secret !== undefined && isEqualSecret(secret, client_secret),
    keys: jwks_uri === undefined ? undefined : { jwksUri: jwks_uri },
  }
}
