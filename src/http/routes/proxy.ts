import httpProxy from '@fastify/http-proxy'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../../core/errors.ts'
import type { Passage } from '../../core/guard.ts'
import type { Route } from '../../core/route.ts'
import type { Headers } from '../../core/upstream-headers.ts'
import { upstreamPath } from '../../core/upstream-path.ts'
import { limitBody } from '../limit-body.ts'
import type { HttpSettings, Services } from '../services.ts'
import { upstreamError } from '../upstream-error.ts'

/** A request that was let through, on its way to the tool. */
interface Forwarding {
  readonly route: Route
  readonly passage: Passage | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    forwarding: Forwarding | null
  }
}

type Options = Pick<Services, 'table' | 'guard' | 'upstreamHeaders' | 'dispatcherOf'> &
  Pick<HttpSettings, 'publicUrl' | 'basePath'>

/** Carries a request through the plugin that forwards to the dispatcher that sends. */
const forwarded = Symbol('forwarded')

/** All tools, by one wildcard route: the route table and the guard decide, nothing else does. */
export default fp<Options>(
  async function proxy(app, { table, guard, upstreamHeaders, dispatcherOf, publicUrl, basePath }) {
    const scheme = publicUrl.startsWith('https:') ? 'https' : 'http'
    app.decorateRequest('forwarding', null)

    app.addHook('onRequest', async function admit(request, reply) {
      const { path } = request.target
      const route = table.match(request.servedHost, path)
      if (route === undefined) {
        if (path === '/') return reply.redirect(`${basePath}/`, 302)
        throw new GatewayError('route_not_found')
      }
      request.toolTitle = route.title
      const passage = await guard.admit(route, request.guarded())
      if (Number(request.headers['content-length'] ?? 0) > route.maxBodyBytes) throw new GatewayError('body_too_large')
      request.forwarding = { route, passage }
      return undefined
    })

    await app.register(httpProxy, {
      upstream: '',
      httpMethods: app.supportedMethods,
      disableRequestLogging: true,
      internalRewriteLocationHeader: false,
      undici: { request: dispatch } as never,
      preHandler: async (request) => {
        const { route } = forwardingOf(request)
        if (request.headers['content-length'] === undefined) request.body = limitBody(request.body, route.maxBodyBytes)
      },
      replyOptions: {
        getUpstream: (request) => forwardingOf(request as FastifyRequest).route.upstream.origin,
        rewriteRequestHeaders: (request) => requestHeaders(request as FastifyRequest) as never,
        rewriteHeaders: (headers, request) => responseHeaders(headers as Headers, request as FastifyRequest) as never,
        // The plugin would repeat answers with status 503; only a connection that died before the request is repeated.
        retryDelay: ({ err, req, attempt }) => (isRepeatable(req, err) && attempt === 0 ? 1 : null),
        onError: (reply, { error }) => void reply.send(upstreamError(error)),
      },
    })

    function requestHeaders(request: FastifyRequest): Headers {
      const { route, passage } = forwardingOf(request)
      const arrival = { clientAddress: request.ip, host: request.servedHost, scheme } as const
      const headers = upstreamHeaders.forRequest(request.raw.rawHeaders, route, passage, arrival)
      return Object.assign(headers, { [forwarded]: request })
    }

    function responseHeaders(headers: Headers, request: FastifyRequest): Headers {
      const { route, passage } = forwardingOf(request)
      return upstreamHeaders.forResponse(headers, route, passage !== undefined)
    }

    /** Sends to the upstream of the route, at exactly the path that was decided on. */
    function dispatch(options: Dispatcher.RequestOptions, done: (error: Error | null, data: unknown) => void): void {
      const { [forwarded]: request, ...headers } = options.headers as { [forwarded]: FastifyRequest }
      const { route } = forwardingOf(request)
      const { responseMs, idleMs } = route.timeouts
      const path = upstreamPath(route, request.target)
      const timeouts = { headersTimeout: responseMs, bodyTimeout: idleMs }
      dispatcherOf(route).request({ ...options, headers, path, ...timeouts }, done)
    }
  },
  { name: 'proxy', fastify: '5.x', encapsulate: true, dependencies: ['arrival', 'errors'] },
)

function forwardingOf({ forwarding }: FastifyRequest): Forwarding {
  if (forwarding === null) throw new GatewayError('internal_error')
  return forwarding
}

function isRepeatable({ method, body }: { method?: string; body?: unknown }, error: unknown): boolean {
  const idempotent = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'].includes(method ?? '')
  return idempotent && !body && error instanceof Error && 'code' in error && error.code === 'UND_ERR_SOCKET'
}
