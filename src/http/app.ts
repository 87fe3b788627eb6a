import { METHODS } from 'node:http'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { isReserved, rootAliases } from '../core/reserved.ts'
import type { GuardedRoute } from '../core/route.ts'
import { answerClientError } from './client-error.ts'
import arrival, { routedUrl } from './plugins/arrival.ts'
import cookies from './plugins/cookies.ts'
import errors, { answerError } from './plugins/errors.ts'
import pages from './plugins/pages.ts'
import { accountRoutes } from './routes/account.ts'
import { assetRoutes } from './routes/assets.ts'
import { backchannelLogoutRoutes } from './routes/backchannel-logout.ts'
import { connectionRoutes } from './routes/connections.ts'
import { documentRoutes } from './routes/documents.ts'
import { identityKeyRoutes } from './routes/identity-keys.ts'
import { authorizationServerRoutes } from './routes/mcp/authorization-server.ts'
import { authorizeRoutes } from './routes/mcp/authorize.ts'
import { clientRoutes } from './routes/mcp/clients.ts'
import { linkRoutes } from './routes/mcp/link.ts'
import { resourceMetadataRoutes } from './routes/mcp/resource-metadata.ts'
import proxy from './routes/proxy.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { signOutRoutes } from './routes/sign-out.ts'
import { testSignInRoutes } from './routes/test-sign-in.ts'
import type { HttpSettings, Services } from './services.ts'
import { mayUpgrade, routeUpgrades } from './upgrades.ts'

/** How the public listener speaks: with which certificate, if it is it who speaks TLS. */
export interface ListenerOptions {
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly logger: FastifyBaseLogger
}

/** Methods that Fastify does not know by itself and that tools use, WebDAV's among them. CONNECT passes nowhere. */
const moreMethods = METHODS.filter((method) => method !== 'CONNECT')

/** A page of ours may wait for a provider, a tool as long as its route says; the upstream's time ends first, with an answer. */
const ownSilenceMs = 120_000
const graceMs = 10_000

/** How long a connection may be silent: a client that stops in the middle must not keep it for ever. Milliseconds. */
function longestSilence(routes: readonly GuardedRoute[]): number {
  const waits = routes.flatMap(({ timeouts: { responseMs, idleMs } }) => [responseMs, idleMs])
  return Math.max(ownSilenceMs, ...waits) + graceMs
}

/** The public application: our pages under the base path, the tools everywhere else. It does not listen. */
export async function buildApp(services: Services, settings: HttpSettings, listener: ListenerOptions) {
  const { publicUrl, basePath, cookieName, site } = settings
  const scheme = publicUrl.startsWith('https:') ? 'https' : 'http'
  const upgrading = { shouldUpgradeCallback: mayUpgrade }
  const aliases: readonly string[] = settings.hasRootAliases ? rootAliases : []
  const isOurs = (path: string) => isReserved(path, basePath) || aliases.includes(path)
  const app = fastify({
    loggerInstance: listener.logger,
    ...(listener.tls ? { https: { ...listener.tls, ...upgrading } } : { http: upgrading }),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => crypto.randomUUID(),
    // A logger for each request would cost more than deciding on it: what is logged names the request itself.
    childLoggerFactory: (logger) => logger,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply, settings),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, listener.logger),
    rewriteUrl: ({ url = '' }) => routedUrl(url, isOurs),
    routerOptions: { maxParamLength: 200 },
    connectionTimeout: longestSilence(services.table.routes),
  }) as FastifyInstance
  for (const method of moreMethods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }

  await app.register(pages, { publicUrl })
  await app.register(cookies, { secure: scheme === 'https' })
  await app.register(errors, settings)
  await app.register(arrival, { ...services, scheme, cookieName })
  await app.register(
    async (own) => {
      const options = { ...services, ...settings }
      await own.register(accountRoutes, options)
      await own.register(signInRoutes, options)
      await own.register(signOutRoutes, options)
      await own.register(backchannelLogoutRoutes, options)
      await own.register(connectionRoutes, options)
      await own.register(testSignInRoutes, options)
      await own.register(documentRoutes, options)
      await own.register(assetRoutes, { assets: site.assets })
      await own.register(authorizeRoutes, options)
      await own.register(clientRoutes, options)
      await own.register(linkRoutes, options)
    },
    { prefix: basePath },
  )
  await app.register(authorizationServerRoutes, { ...services, ...settings })
  await app.register(resourceMetadataRoutes, services)
  await app.register(identityKeyRoutes, services)
  await app.register(proxy, { ...services, ...settings })
  routeUpgrades(app)
  return app
}
