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
import { type Gateway, gatewayOf } from './compose/gateway.ts'
import { composeGuard } from './compose/guard.ts'
import { composeCookies, composeHosts } from './compose/hosts.ts'
import { composeMcp } from './compose/mcp.ts'
import { composeProviders } from './compose/providers.ts'
import { settingsOf } from './compose/settings.ts'
import { composeStore } from './compose/store.ts'
import { composeTokens } from './compose/tokens.ts'
import { allowOf, routesOf } from './config/routes.ts'
import type { Config } from './config/schema.ts'
import { createCallRoute } from './core/call-route.ts'
import { createConnect } from './core/connect.ts'
import { createConnections } from './core/connections.ts'
import { createExplain } from './core/explain.ts'
import { createRefusedMessage } from './core/mcp/audited-refusals.ts'
import { createGrantStore } from './core/mcp/grant-store.ts'
import { createSessionOwners } from './core/mcp/session-owners.ts'
import { createNamingKeys } from './core/naming-keys.ts'
import type { Clock } from './core/ports.ts'
import { createProviderStates } from './core/provider-states.ts'
import { createRefusedTokens } from './core/refused-token.ts'
import { createRoundTrips } from './core/round-trip.ts'
import { isForwarded } from './core/route.ts'
import { createRouteTable } from './core/route-table.ts'
import { shareInvalidations } from './core/shared-invalidations.ts'
import { createSignIn } from './core/sign-in.ts'
import { createSignOut } from './core/sign-out.ts'
import { createRefusedStepUp, createStepUp } from './core/step-up.ts'
import { createTestSignIn } from './core/test-sign-in.ts'
import { createUpstreamHeaders } from './core/upstream-headers.ts'
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

  const sealedStore = { records: store.records, keyring, now }
  const providerStates = createProviderStates(providers)
  const { userStore, ends, settled, ...fresh } = composeTokens({
    ...{ store, keyring, providers, budgets, lifetimes, claimsMaxAgeMs, now, sleep, audit },
    onProvider: (provider, answers, detail) => {
      providerStates.hear(provider, answers, detail)
      if (answers) logger.info({ provider }, 'provider answers again')
      else logger.warn({ provider, detail }, 'provider does not refresh tokens')
    },
  })
  const { freshTokens } = fresh
  const { endings, replaceTokens, discard, providerSessions } = ends
  const grantStore = createGrantStore(sealedStore)
  const invalidations = shareInvalidations(store.invalidations)
  const { guard, openExchanges, signIdentity, publishedKeys } = composeGuard({
    ...{ config, sealedStore, invalidations, routes, userStore, grantStore, fresh, providers, lifetimes, audit },
  })
  const cookies = composeCookies(keyring, cookieName, now)
  const refusedScopes = cookies.refusedScopesOn(publicUrl)
  const shared = { store: userStore, replaceTokens, discard, cookieName, audit }
  const upstreamHeaders = createUpstreamHeaders(routes, cookieName)
  const testSignIn = createTestSignIn({
    sealed: cookies.sealedOn(publicUrl),
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
  const signIn = createSignIn({ ...shared, endings, providerSessions, sessionMs: lifetimes.absoluteMs })
  const connections = createConnections({ store: userStore, freshTokens, providers, routes, endings, now, audit })
  const namingKeys = createNamingKeys(sealedStore)
  const mcp = composeMcp({
    config,
    routes,
    ...cookies,
    lastingKeyring: async () => createKeyring(await namingKeys()),
    ...{ grantStore, userStore, keyring, providers, endings, connections, signIn, cookieName },
    ...{ locks: store.locks, now, sleep, audit, clientAddress, internet },
  })
  const roundTrips = createRoundTrips({
    store: userStore,
    attempts: cookies.attemptsOn(publicUrl),
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
    ...{ cookieName, now, audit },
  })
  const signedOutUrl = `${publicUrl}${config.base_path}/signed-out`
  const signOut = createSignOut({
    store: userStore,
    attemptsOn: cookies.attemptsOn,
    ...{ providers, endings, cookieName, signedOutUrl, audit },
  })
  const table = createRouteTable(routes, new URL(publicUrl).host, config.base_path)
  const hosts = composeHosts({
    ...{ records: store.records, config, cookieName, cookies, keyring, userStore, endings, providers },
    ...{ table, guard, roundTrips, mcp, now, audit },
  })

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
    ...hosts,
    table,
    trustedProxies: createTrustedProxies(config.trusted_proxies),
    guard,
    during,
    roundTrips,
    connections,
    browsers: ends.browsers,
    ...mcp.services,
    signOut,
    backchannelLogout: ends.backchannelLogout,
    upstreamHeaders,
    publishedKeys,
    refusedTokens: createRefusedTokens(freshTokens, now),
    openExchanges,
    refusedMessage: createRefusedMessage(audit),
    sessionOwners: createSessionOwners({ ...sealedStore, invalidations, audit }),
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
