import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createAnswerHeaders } from '../../core/answer-headers.ts'
import { type Cors, corsHeaders, preflightHeaders } from '../../core/cors.ts'
import { GatewayError, isEnded } from '../../core/errors.ts'
import { headerValues, type RawHeaders } from '../../core/headers.ts'
import type { HeldTokens } from '../../core/held-records.ts'
import { MessageError } from '../../core/mcp/message.ts'
import { toolRoute } from '../../core/mcp/tool-route.ts'
import type { OpenExchange } from '../../core/open-exchanges.ts'
import { type Passage, ScopeError } from '../../core/passage.ts'
import { isForwarded, type Route } from '../../core/route.ts'
import { isNavigation, isPreflight } from '../../core/same-origin.ts'
import type { Credential } from '../../core/upstream-headers.ts'
import { upstreamPath } from '../../core/upstream-path.ts'
import { ConnectionError } from '../../core/upstream-tokens.ts'
import { forward } from '../forward.ts'
import { answerMessage, answerMessageError, type McpMessage, readMcpRequest } from '../mcp-request.ts'
import { requestBody } from '../request-body.ts'
import type { HttpSettings, Services } from '../services.ts'
import { createUnheard } from '../unheard.ts'
import { mayUpgrade } from '../upgrades.ts'
import { createWebSockets } from '../web-sockets.ts'

/** A request that was let through, on its way to the tool. */
interface Admitted {
  readonly route: Route
  readonly passage: Passage | undefined
  /** What was read of it already. */
  readonly message: McpMessage | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    admitted: Admitted | null
    /** Who may read the answer, once the route is known. */
    cors: Cors | null
  }
}

type Options = Pick<
  Services,
  | 'table'
  | 'guard'
  | 'linkings'
  | 'askForScopes'
  | 'upstreamHeaders'
  | 'clientOf'
  | 'refusedTokens'
  | 'openExchanges'
  | 'refusedMessage'
  | 'sessionOwners'
> &
  Pick<HttpSettings, 'basePath' | 'cookieName' | 'keepAliveMs'>

/** All tools, by one wildcard route: the route table and the guard decide, nothing else does. */
export default fp<Options>(
  async function proxy(app, options) {
    const { table, guard, linkings, askForScopes, upstreamHeaders, clientOf, refusedTokens, openExchanges } = options
    const { refusedMessage, sessionOwners, basePath, cookieName, keepAliveMs } = options
    const answerHeaders = createAnswerHeaders(cookieName)
    const webSockets = createWebSockets()
    const unheard = createUnheard()
    app.addHook('preClose', () => webSockets.closeAll())
    app.addHook('onClose', async () => unheard.endAll())
    // TRACE would bring back what we inject (RFC 9110 section 9.3.8).
    const methods = app.supportedMethods.filter((method) => method !== 'TRACE')
    app.decorateRequest('admitted', null)
    app.decorateRequest('cors', null)
    app.setErrorHandler<Error>((error, request, reply) => {
      if (error instanceof MessageError) return answerMessageError(error, reply)
      const { demand } = request
      const asking = error instanceof ConnectionError && demand !== undefined && linkings.ask(error, demand)
      if (asking) return answerMessage(asking, reply.code(200))
      throw error
    })
    // Bodies are passed on as they are: nothing of ours reads them.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _body, done) => done(null))

    app.addHook('onRequest', async function admit(request, reply) {
      const { path } = request.target
      const matched = table.match(request.servedHost, path)
      // A tool behind a front proxy is not to be had here.
      if (matched === undefined || !isForwarded(matched)) {
        if (path === '/') return reply.follow({ location: `${basePath}/`, cookies: [] })
        throw new GatewayError('route_not_found')
      }
      request.toolTitle = matched.title
      // Answered here: it would reach the tool as nobody's request.
      if (isPreflight(request)) {
        return reply
          .code(204)
          .headers(preflightHeaders(matched.cors, request.headers, methods))
          .send()
      }
      request.cors = matched.cors
      const message =
        matched.mcp && (await readMcpRequest(request, matched, matched.mcp).catch(refusedMessage(matched)))
      const demand = message?.demand
      const route = demand === undefined ? matched : toolRoute(matched, demand)
      const admit = () => guard.admit(route, request.guarded, { demand })
      const passage = await admit().catch(async (error) => {
        if (error instanceof ConnectionError && demand !== undefined) {
          return linkings.awaited(error, { demand, admit, isGone: () => reply.raw.destroyed })
        }
        const asking =
          error instanceof ScopeError && mayLeave(request)
            ? await askForScopes(error, hereOf(request), request.cookies, request.guarded.origin)
            : undefined
        if (asking === undefined) throw error
        return asking
      })
      if (passage !== undefined && 'location' in passage) return reply.follow(passage)
      if (message?.sessionId !== undefined) {
        await sessionOwners.admit({ route, id: message.sessionId }, passage?.user.key)
      }
      if (Number(request.headers['content-length'] ?? 0) > route.maxBodyBytes) throw new GatewayError('body_too_large')
      // Its type, well formed or not, is the tool's affair and not Fastify's.
      if (request.headers['content-type'] !== undefined) request.headers['content-type'] = 'application/octet-stream'
      request.admitted = { route, passage, message }
      return undefined
    })

    /** A session that an MCP server gives to a user is theirs. */
    function noteSession(route: Route, { user }: Passage, answer: RawHeaders): void {
      for (const id of headerValues(answer, 'mcp-session-id')) sessionOwners.given({ route, id }, user.key)
    }

    // Answers of ours, failures above all: a script has to read where to sign in.
    app.addHook('onSend', async function permit({ cors, headers }, reply) {
      if (cors !== null) reply.headers(corsHeaders(cors, headers, reply.getHeaders()))
    })

    app.route({
      method: methods,
      url: '/*',
      exposeHeadRoute: false,
      async handler(request, reply) {
        const { route, passage, message } = admittedOf(request)
        const body = message?.body ?? requestBody(request.raw, route.maxBodyBytes)
        const tokens = renewableOf(route, passage)
        // A challenge of an MCP server's own would lead clients past ours.
        const withheld = tokens !== undefined || route.mcp !== undefined ? 401 : undefined
        const webSocket = mayUpgrade(request.raw) ? webSockets.expect(request, reply, route.timeouts.idleMs) : undefined
        const exchange = passage && { route, request: request.guarded, ...(webSocket ?? answering(reply)) }

        function sendAs(user: Passage | undefined) {
          return forward({
            reply,
            send: clientOf(route),
            request: {
              method: request.method,
              path: upstreamPath(route, request.target),
              headers: upstreamHeaders.forRequest(request.raw.rawHeaders, route, user, request.arrival),
              body: body.source,
              upgrade: webSocket !== undefined,
              listens: message?.lasting.listens ?? false,
            },
            answerHeaders(upstream) {
              if (route.mcp !== undefined && user !== undefined) noteSession(route, user, upstream)
              return answerHeaders(upstream, route, credentialOf(user), request.headers.origin)
            },
            withheld,
            keepAliveMs: route.mcp && keepAliveMs,
            unheard: message?.lasting.outlivesClient ? unheard : undefined,
            join: webSocket?.join,
          })
        }

        const slot = exchange && openExchanges.add(exchange)
        try {
          if ((await sendAs(passage)) === 'answered') return
          if (passage === undefined) throw new GatewayError('token_required')
          const renewed =
            tokens &&
            (await refusedTokens.renew(tokens).catch(async (error) => {
              // Ended meanwhile: it is told as whoever comes now.
              const asked = { demand: message?.demand, confirmedWithinMs: 0 }
              if (isEnded(error)) await guard.admit(route, request.guarded, asked)
              throw error
            }))
          if (renewed !== undefined && body.isHeld()) {
            if ((await sendAs({ ...passage, tokens: renewed })) === 'answered') return
            refusedTokens.refusedAgain(renewed)
          }
          throw new GatewayError('upstream_refused_token')
        } finally {
          if (slot !== undefined) openExchanges.delete(slot)
          body.release()
        }
      },
    })
  },
  { name: 'proxy', fastify: '5.x', encapsulate: true, dependencies: ['arrival', 'errors'] },
)

/** A page load may go to the provider and come back; anything else is told what is missing. */
function mayLeave(request: FastifyRequest): boolean {
  return request.method === 'GET' && isNavigation(request.guarded)
}

function hereOf({ target }: FastifyRequest): string {
  return target.path + target.search
}

function admittedOf({ admitted }: FastifyRequest): Admitted {
  if (admitted === null) throw new GatewayError('internal_error')
  return admitted
}

function credentialOf(passage: Passage | undefined): Credential {
  if (passage === undefined) return 'none'
  return 'presented' in passage.tokens ? 'presented' : 'stored'
}

/** Tokens of ours that go to the upstream: a 401 of its is about them, and they can be renewed. */
function renewableOf({ inject }: Route, passage: Passage | undefined): HeldTokens | undefined {
  if (passage === undefined || 'presented' in passage.tokens) return undefined
  const injectsToken = inject?.value.names.some((name) => name === 'access_token' || name === 'id_token')
  return injectsToken ? passage.tokens : undefined
}

/** How an answer that lasts is looked at and cut: without an end, so that it does not look whole. */
function answering({ raw }: FastifyReply): Pick<OpenExchange, 'wasUsed' | 'end'> {
  return { wasUsed: () => false, end: () => raw.destroy() }
}
