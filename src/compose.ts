import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { createAuditLog } from './adapters/audit-log.ts'
import { callUpstream } from './adapters/call-upstream.ts'
import { createDocuments } from './adapters/documents.ts'
import type { Internet } from './adapters/fetch-public.ts'
import { createKeyring } from './adapters/keyring.ts'
import { createTrustedProxies } from './adapters/trusted-proxies.ts'
import { createUpstreamClients } from './adapters/upstream-clients.ts'
import { composeEndings } from './compose-endings.ts'
import { type Gateway, gatewayOf } from './compose-gateway.ts'
import { composeMcp } from './compose-mcp.ts'
import { composeProviders } from './compose-providers.ts'
import { composeStore } from './compose-store.ts'
import { allowOf, routesOf } from './config/routes.ts'
import type { Config } from './config/schema.ts'
import { createAttempts } from './core/attempt.ts'
import { createCallRoute } from './core/call-route.ts'
import { createConnect } from './core/connect.ts'
import { createConnections } from './core/connections.ts'
import { createEmailLookUp } from './core/email-look-up.ts'
import { createExplain } from './core/explain.ts'
import { createFreshTokens } from './core/fresh-tokens.ts'
import { createGuard } from './core/guard.ts'
import { createIdentityKeys } from './core/identity-keys.ts'
import { createGrantStore } from './core/mcp/grant-store.ts'
import { createGranted } from './core/mcp/granted.ts'
import { createSessionOwners } from './core/mcp/session-owners.ts'
import { createOpenExchanges } from './core/open-exchanges.ts'
import type { Clock } from './core/ports.ts'
import { createProviderStates } from './core/provider-states.ts'
import { createRefusedTokens } from './core/refused-token.ts'
import { createRoundTrips } from './core/round-trip.ts'
import { isForwarded } from './core/route.ts'
import { createRouteTable } from './core/route-table.ts'
import { createSealedCookies } from './core/sealed-cookies.ts'
import { createSessionCache } from './core/session-cache.ts'
import { shareInvalidations } from './core/shared-invalidations.ts'
import { createSignIn } from './core/sign-in.ts'
import { createSignOut } from './core/sign-out.ts'
import { createSignIdentity, withSignedIdentity } from './core/signed-identity.ts'
import { createAskForScopes, createRefusedScopes, createRefusedStepUp, createStepUp } from './core/step-up.ts'
import { createTestSignIn } from './core/test-sign-in.ts'
import { createUpstreamHeaders } from './core/upstream-headers.ts'
import { createUserStore } from './core/user-store.ts'
import { buildAdmin } from './http/admin.ts'
import { buildApp } from './http/app.ts'
import { createAssets } from './http/assets/assets.ts'
import { buildForwardAuth } from './http/forward-auth.ts'
import type { HttpSettings } from './http/services.ts'

/** What a gateway takes from its process. */
export interface Surroundings {
  readonly logger: FastifyBaseLogger
  readonly now?: Clock
  /** How often those who have something open are looked at again. Milliseconds. */
  readonly recheckMs?: number
  /** How often what waits to be revoked is looked at. Milliseconds. */
  readonly revokeMs?: number
  /** How often clients are looked at that hear nothing of an event stream. Milliseconds. */
  readonly keepAliveMs?: number
  /** On a developer's machine, where anyone may open the test sign-in. */
  readonly isDev?: boolean
  /** In the place of the internet, where documents of MCP clients are fetched. */
  readonly internet?: Internet
}

/** Builds a gateway from its config: adapters, then the core, then the two applications. Nothing listens, nothing is fetched. */
export async function compose(
  config: Config,
  { logger, now = Date.now, ...surroundings }: Surroundings,
): Promise<Gateway> {
  const { recheckMs = 4_000, revokeMs = 5_000, keepAliveMs = 10_000, isDev = false, internet } = surroundings
  const { publicUrl, scheme, cookieName, lifetimes, claimsMaxAgeMs } = settingsOf(config)
  const { audit, during, clientAddress } = createAuditLog(config.log.audit, logger)
  // Nobody waits for what only sleeps when the process is to end.
  const sleep = async (ms: number) => void (await setTimeout(ms, undefined, { ref: false }))

  const store = await composeStore(config, now, logger)
  const keys = config.encryption_keys.length > 0 ? config.encryption_keys : [randomBytes(32)]
  const keyring = createKeyring(keys)
  const routes = routesOf(config)
  const forwarded = routes.filter(isForwarded)
  const upstreams = createUpstreamClients(forwarded)
  const { providers, budgets, diagnosis } = composeProviders(config, now, sleep)

  const providerStates = createProviderStates(providers)
  const sealedStore = { records: store.records, keyring, now }
  const emailLookUp = createEmailLookUp({
    ...sealedStore,
    addresses: store.addresses,
    providers,
    sessionMs: lifetimes.absoluteMs,
  })
  const userStore = emailLookUp.noting(createUserStore({ ...sealedStore, lifetimes }))
  const ends = composeEndings({ store, userStore, keyring, providers, now, audit })
  const { endings, replaceTokens, revoke, discard, providerSessions } = ends
  const { freshTokens, settled } = createFreshTokens({
    store: userStore,
    locks: store.locks,
    providers,
    budgets,
    revoke,
    claimsMaxAgeMs,
    now,
    sleep,
    audit,
    onProvider: (provider, answers, detail) => {
      providerStates.hear(provider, answers, detail)
      if (answers) logger.info({ provider }, 'provider answers again')
      else logger.warn({ provider, detail }, 'provider does not refresh tokens')
    },
  })
  const caching = {
    invalidations: shareInvalidations(store.invalidations),
    now,
    serveCachedForMs: Math.min(config.store.serve_cached_for, lifetimes.idleMs),
    max: maxCachedSessions,
  }
  const sessionCache = createSessionCache({ ...caching, read: userStore.readSession })
  const grantStore = createGrantStore(sealedStore)
  const grantCache = createSessionCache({ ...caching, read: grantStore.read })
  const admitting = createGuard({
    granted: createGranted({ read: grantCache.read, now }),
    store: { ...userStore, readSession: sessionCache.read },
    freshTokens,
    providers,
    idleMs: lifetimes.idleMs,
    now,
    audit,
  })
  const identityKeys = createIdentityKeys({ records: store.records, keyring, now })
  const signIdentity = createSignIdentity({ keys: identityKeys, issuer: publicUrl, now })
  const signsIdentity = routes.some(({ identity }) => identity === 'signed')
  const guard = signsIdentity ? withSignedIdentity(admitting, signIdentity) : admitting
  const openExchanges = createOpenExchanges(admitting)
  const sealed = createSealedCookies(keyring, new URL(publicUrl).host)
  const refusedScopes = createRefusedScopes(sealed, cookieName, now)
  const shared = { store: userStore, replaceTokens, discard, cookieName, audit }
  const upstreamHeaders = createUpstreamHeaders(routes, cookieName)
  const testSignIn = createTestSignIn({
    sealed,
    cookieName,
    providers,
    budgets,
    explain: createExplain(diagnosis),
    discard,
    now,
    audit,
    callRoute: createCallRoute({
      routes: forwarded,
      providers,
      upstreamHeaders,
      signIdentity,
      arrival: { clientAddress: '127.0.0.1', host: new URL(publicUrl).host, scheme },
      send: (route, headers) => callUpstream(upstreams.clientOf(route), route, headers),
    }),
  })
  const refusedStepUp = createRefusedStepUp(refusedScopes, providers)
  const attempts = createAttempts({ sealed, cookieName, now })
  const signIn = createSignIn({ ...shared, endings, providerSessions, sessionMs: lifetimes.absoluteMs })
  const mcp = composeMcp({
    config,
    routes,
    locks: store.locks,
    ...{ grantStore, userStore, keyring, sealed, providers, endings, signIn, cookieName },
    ...{ now, audit, clientAddress, internet },
  })
  const roundTrips = createRoundTrips({
    store: userStore,
    attempts,
    providers,
    budgets,
    finishers: {
      sign_in: signIn,
      step_up: createStepUp({ ...shared, refusedScopes }),
      connect: createConnect(shared),
      consent: mcp.finishConsent,
    },
    handOver: testSignIn.handOver,
    diagnosis,
    recover: async (failed, cookies) =>
      failed.attempt.purpose === 'test'
        ? testSignIn.failed(failed)
        : (refusedStepUp(failed, cookies) ?? mcp.refusedConsent(failed)),
    cookieName,
    now,
    audit,
  })
  const signedOutUrl = `${publicUrl}${config.base_path}/signed-out`
  const signOut = createSignOut({ store: userStore, attempts, providers, endings, cookieName, signedOutUrl, audit })

  const assets = createAssets(config.branding, config.base_path)
  const settings: HttpSettings = {
    publicUrl,
    basePath: config.base_path,
    hasRootAliases: config.mcp.root_aliases,
    cookieName,
    testers: config.test === undefined ? (isDev ? 'anyone' : 'nobody') : allowOf(config.test.allow),
    keepAliveMs,
    site: { brand: config.branding, assets, home: `${config.base_path}/` },
  }
  const services = {
    table: createRouteTable(routes, new URL(publicUrl).host, config.base_path),
    trustedProxies: createTrustedProxies(config.trusted_proxies),
    guard,
    during,
    roundTrips,
    askForScopes: createAskForScopes(roundTrips, refusedScopes),
    connections: createConnections({ store: userStore, freshTokens, providers, endings, now, audit }),
    browsers: ends.browsers,
    grants: mcp.userGrants,
    signOut,
    authorizationServer: mcp.authorizationServer,
    backchannelLogout: ends.backchannelLogout,
    upstreamHeaders,
    publishedKeys: signsIdentity ? identityKeys.published : async () => [],
    refusedTokens: createRefusedTokens(freshTokens, now),
    openExchanges,
    sessionOwners: createSessionOwners({ ...sealedStore, invalidations: caching.invalidations, audit }),
    testSignIn,
    documents: createDocuments(),
    clientOf: upstreams.clientOf,
    providers,
  }
  const { tls } = config.listen
  const pem = (file: string) => readFileSync(file, 'utf8')
  const app = await buildApp(services, settings, { logger, tls: tls && { cert: pem(tls.cert), key: pem(tls.key) } })
  const forwardAuth = config.forward_auth && (await buildForwardAuth({ ...services, ...settings }, logger))

  const stopRechecking = openExchanges.recheckEvery(recheckMs)
  const stopRevoking = ends.revokeEvery(revokeMs)
  return gatewayOf({
    listening: { app, forwardAuth },
    buildAdmin: (isServing) =>
      buildAdmin({ pingStore: () => store.records.ping(), providers: providerStates.states, isServing }, logger),
    async stop() {
      stopRechecking()
      stopRevoking()
      upstreams.close()
      await settled()
      await store.records.close()
    },
  })
}

function settingsOf({ public_url: publicUrl, sessions }: Config) {
  const scheme: 'http' | 'https' = publicUrl.startsWith('https:') ? 'https' : 'http'
  return {
    publicUrl,
    scheme,
    cookieName: scheme === 'https' ? `__Host-${sessions.cookie}` : sessions.cookie,
    lifetimes: { idleMs: sessions.idle, absoluteMs: sessions.absolute },
    claimsMaxAgeMs: sessions.claims_max_age,
  }
}

/** About 5 KB each, with tokens of 1 KB. */
const maxCachedSessions = 20_000
