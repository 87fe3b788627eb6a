import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import httpProxy from '@fastify/http-proxy'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../../core/errors.ts'
import { type Passage, ScopeError } from '../../core/guard.ts'
import type { Route } from '../../core/route.ts'
import { isNavigation, isPreflight } from '../../core/same-origin.ts'
import type { Headers } from '../../core/upstream-headers.ts'
import { upstreamPath } from '../../core/upstream-path.ts'
import { limitBody } from '../limit-body.ts'
import type { HttpSettings, Services } from '../services.ts'
import { upstreamError } from '../upstream-error.ts'

/** A request that was let through, on its way to the tool. */
interface Forwarding {
  readonly route: Route
  readonly passage: Passage | undefined
  /** Aborted when the client goes before it has the whole answer. */
  readonly signal: AbortSignal
  /** Called for each informational answer. */
  readonly inform: NonNullable<Dispatcher.RequestOptions['onInfo']>
}

interface UpstreamAnswer {
  readonly stream: Readable
}

declare module 'fastify' {
  interface FastifyRequest {
    forwarding: Forwarding | null
  }
}

type Options = Pick<Services, 'table' | 'guard' | 'askForScopes' | 'upstreamHeaders' | 'dispatcherOf'> &
  Pick<HttpSettings, 'publicUrl' | 'basePath'>

/** RFC 9110 section 9.2.2, of the methods that tools use. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Carries a request through the plugin that forwards to the dispatcher that sends. */
const forwarded = Symbol('forwarded')

/** All tools, by one wildcard route: the route table and the guard decide, nothing else does. */
export default fp<Options>(
  async function proxy(app, { table, guard, askForScopes, upstreamHeaders, dispatcherOf, publicUrl, basePath }) {
    const scheme = publicUrl.startsWith('https:') ? 'https' : 'http'
    app.decorateRequest('forwarding', null)

    app.addHook('onRequest', async function admit(request, reply) {
      const { path } = request.target
      const route = table.match(request.servedHost, path)
      if (route === undefined) {
        if (path === '/') return reply.follow({ location: `${basePath}/`, cookies: [] })
        throw new GatewayError('route_not_found')
      }
      request.toolTitle = route.title
      // Answered here, without permission for anyone: it would reach the tool as nobody's request.
      if (isPreflight(request)) return reply.code(204).send()
      const passage = await guard.admit(route, request.guarded()).catch(async (error) => {
        const asking =
          error instanceof ScopeError && mayLeave(request)
            ? await askForScopes(error, hereOf(request), request.cookies)
            : undefined
        if (asking === undefined) throw error
        return asking
      })
      if (passage !== undefined && 'location' in passage) return reply.follow(passage)
      if (Number(request.headers['content-length'] ?? 0) > route.maxBodyBytes) throw new GatewayError('body_too_large')
      // Bodies are passed on as they are: their type, well formed or not, is the tool's affair and not Fastify's.
      if (request.headers['content-type'] !== undefined) request.headers['content-type'] = 'application/octet-stream'
      request.forwarding = { route, passage, signal: signalOf(reply), inform: informer(request, reply) }
      return undefined
    })

    await app.register(httpProxy, {
      upstream: '',
      // TRACE would bring back what we inject (RFC 9110 section 9.3.8).
      httpMethods: app.supportedMethods.filter((method) => method !== 'TRACE'),
      disableRequestLogging: true,
      internalRewriteLocationHeader: false,
      undici: { request: dispatch } as never,
      replyOptions: {
        getUpstream: (request) => forwardingOf(request as FastifyRequest).route.upstream.origin,
        rewriteRequestHeaders: (request) => requestHeaders(request as FastifyRequest) as never,
        rewriteHeaders: (headers, request) => responseHeaders(headers as Headers, request as FastifyRequest) as never,
        // The plugin would repeat answers with status 503.
        retryDelay: () => null,
        onResponse: (_request, reply, answer) => send(reply as FastifyReply, answer as unknown as UpstreamAnswer),
        onError: (reply, { error }) => void reply.send(failureOf(reply.request as FastifyRequest, error)),
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
      const { route, signal, inform } = forwardingOf(request)
      const body = bodyOf(request.raw, route.maxBodyBytes)
      const sending: Dispatcher.RequestOptions = {
        ...options,
        ...{ path: upstreamPath(route, request.target), headers, body },
        ...{ headersTimeout: route.timeouts.responseMs, bodyTimeout: route.timeouts.idleMs },
        signal,
        onInfo: inform,
      }
      const attempt = (mayRepeat: boolean) =>
        dispatcherOf(route).request(sending, (error, answer) => {
          if (mayRepeat && isDeadConnection(error)) attempt(false)
          else done(error, answer)
        })
      attempt(body === null && idempotent.has(request.method))
    }
  },
  { name: 'proxy', fastify: '5.x', encapsulate: true, dependencies: ['arrival', 'errors'] },
)

/** A page load may go to the provider and come back; anything else is told what is missing. */
function mayLeave(request: FastifyRequest): boolean {
  return request.method === 'GET' && isNavigation(request.guarded())
}

function hereOf({ target }: FastifyRequest): string {
  return target.path + target.search
}

function forwardingOf({ forwarding }: FastifyRequest): Forwarding {
  if (forwarding === null) throw new GatewayError('internal_error')
  return forwarding
}

/** The request's body as it came, whatever the method. `null` when it has none (RFC 9112 section 6.3). */
function bodyOf(raw: IncomingMessage, maxBytes: number): Readable | null {
  const { 'transfer-encoding': coding, 'content-length': length = 0 } = raw.headers
  return coding !== undefined || Number(length) > 0 ? limitBody(raw, maxBytes) : null
}

/** A client that went away is no failure of the upstream's. */
function failureOf(request: FastifyRequest, error: unknown): GatewayError {
  return forwardingOf(request).signal.aborted ? new GatewayError('bad_request', { cause: error }) : upstreamError(error)
}

/** A kept connection that the upstream had closed by the time we used it. */
function isDeadConnection(error: Error | null): boolean {
  return error !== null && 'code' in error && ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(String(error.code))
}

function send(reply: FastifyReply, { stream }: UpstreamAnswer): void {
  const isEventStream = String(reply.getHeader('content-type')).startsWith('text/event-stream')
  reply.send(stream)
  // Otherwise the headers wait for the first event.
  if (isEventStream) reply.raw.flushHeaders()
}

/** Not `request.signal`: that one is aborted when the request's body has been read, too. */
function signalOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone.signal
}

/** Passes informational answers on: early hints (RFC 8297) are the only ones there are use for. */
function informer(request: FastifyRequest, reply: FastifyReply): Forwarding['inform'] {
  return ({ statusCode, headers }) => {
    const { link } = headers
    if (statusCode !== 103 || link === undefined || request.raw.httpVersion === '1.0') return
    try {
      reply.raw.writeEarlyHints({ link })
    } catch {
      // A hint that is not well formed is no reason to fail.
    }
  }
}
