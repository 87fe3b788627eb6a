import { METHODS } from 'node:http'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import { canonicalTarget, withoutDefaultPort } from '../core/canonical-path.ts'
import { askedFor } from '../core/client.ts'
import { GatewayError } from '../core/errors.ts'
import { askedBy } from '../core/forward-auth.ts'
import type { GuardedRequest } from '../core/guard.ts'
import { ScopeError } from '../core/passage.ts'
import { signInPath } from '../core/return-to.ts'
import { type GuardedRoute, isForwarded } from '../core/route.ts'
import { isNavigation, isPreflight } from '../core/same-origin.ts'
import { answerClientError } from './client-error.ts'
import { refuseRepeated } from './plugins/arrival.ts'
import cookies from './plugins/cookies.ts'
import { answerProblem, signInHelps } from './plugins/errors.ts'
import type { HttpSettings, Services } from './services.ts'

type Options = Pick<Services, 'table' | 'guard' | 'askForScopes' | 'upstreamHeaders' | 'trustedProxies' | 'during'> &
  HttpSettings

/** What a front proxy holds, found to be for one of our routes. */
interface Held {
  readonly route: GuardedRoute
  readonly guarded: GuardedRequest
  /** Path and query, to come back to. */
  readonly here: string
  readonly mayRedirect: boolean
  readonly clientAddress: string
}

/**
 * The forward-auth application: says to a front proxy whether a request that it holds may pass, and which headers to set
 * on it. It decides as the proxy itself does. On a listener of its own, for trusted proxies. It does not listen.
 */
export async function buildForwardAuth(options: Options, logger: FastifyBaseLogger): Promise<FastifyInstance> {
  const { table, guard, during, askForScopes, upstreamHeaders, trustedProxies } = options
  const { publicUrl, basePath, cookieName } = options
  const scheme = publicUrl.startsWith('https:') ? 'https' : 'http'
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => crypto.randomUUID(),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, logger),
    // What is asked about is in the address as it came, and is no business of Fastify's router.
    rewriteUrl: () => '/',
  }) as FastifyInstance
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  // A body belongs to the request that the proxy holds; nobody reads it here.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.decorateRequest('toolTitle', undefined)
  app.setErrorHandler<Error>((error, request, reply) => answerProblem(error, request, reply, options))
  await app.register(cookies, { secure: scheme === 'https' })

  app.all('/', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { route, guarded, here, mayRedirect, clientAddress } = heldFor(request)
    request.toolTitle = route.title
    const isPage = mayRedirect && isNavigation(guarded)
    try {
      const passage = await during({ requestId: request.id, clientAddress }, () => guard.admit(route, guarded))
      return reply.headers(upstreamHeaders.forFront(request.raw.rawHeaders, route, passage)).send('')
    } catch (error) {
      if (error instanceof ScopeError && isPage && guarded.method === 'GET') {
        const asking = await askForScopes(error, here, request.cookies, guarded.origin)
        if (asking !== undefined) return reply.follow(asking)
      }
      if (error instanceof GatewayError && signInHelps(error)) {
        const location = guarded.origin + signInPath(basePath, here)
        if (isPage && isSafe(guarded)) return reply.redirect(location, 302)
        reply.header('location', location)
      }
      throw error
    }
  })

  /** Throws as arrival and proxy do, and `proxy_not_trusted`. */
  function heldFor(request: FastifyRequest): Held {
    const { rawHeaders, socket } = request.raw
    const peer = socket.remoteAddress ?? ''
    if (!trustedProxies.trusts(peer)) throw new GatewayError('proxy_not_trusted')
    refuseRepeated(rawHeaders)
    const call = { method: request.method, url: request.originalUrl, headers: rawHeaders }
    const { method, host: named, target, unauthenticated } = askedBy(call, `${basePath}/auth`)
    const host = withoutDefaultPort(named, scheme)
    if (!table.serves(host)) throw new GatewayError('host_unknown')
    const { path, search } = canonicalTarget(target)
    const route = table.match(host, path)
    // TRACE would bring back what the proxy is told to set (RFC 9110 section 9.3.8).
    if (route === undefined || isForwarded(route) || method === 'TRACE') throw new GatewayError('route_not_found')
    const { headers } = request
    const guarded = { method, headers, origin: `${scheme}://${host}`, cookie: request.cookies[cookieName] }
    // It would reach the tool as nobody's request.
    if (isPreflight(guarded)) throw new GatewayError('cross_site')
    const clientAddress = askedFor(rawHeaders, peer, trustedProxies)
    return { route, guarded, here: path + search, mayRedirect: unauthenticated === 'redirect', clientAddress }
  }

  return app
}

function isSafe({ method }: GuardedRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}
