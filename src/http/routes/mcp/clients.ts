import type { FastifyError, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { OAuthError } from '../../../core/mcp/oauth-error.ts'
import { answerOAuthError } from '../../plugins/errors.ts'
import type { Services } from '../../services.ts'

type Options = Pick<Services, 'authorizationServer'>

/** With two signed assertions there is still room to spare. */
const bodyLimit = 32_768

/** What MCP clients themselves send: no cookie counts here, so pages of any origin may ask. */
export const clientRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  answerClients(app, options, ['token', 'register', 'revoke'])
}

/** Answers these of the endpoints, below whatever prefix. */
export function answerClients(
  app: FastifyInstance,
  { authorizationServer }: Options,
  endpoints: readonly ('token' | 'register' | 'revoke')[],
): void {
  openToAnyOrigin(app)
  app.removeAllContentTypeParsers()
  for (const type of ['application/x-www-form-urlencoded', 'application/json']) {
    app.addContentTypeParser(type, { parseAs: 'string', bodyLimit }, (_request, body, done) => done(null, body))
  }
  app.setErrorHandler<FastifyError>(answerFailure)

  const answers = {
    token: (request: FastifyRequest) => authorizationServer.token(fromClient(request)),
    revoke: (request: FastifyRequest) => authorizationServer.revoke(fromClient(request)),
    register(request: FastifyRequest, reply: FastifyReply) {
      const { origin } = request.guarded
      reply.code(201)
      return authorizationServer.register(jsonOf(request), origin, request.arrival.clientAddress)
    },
  }
  for (const name of endpoints) {
    app.post(`/${name}`, async (request, reply) => {
      const answer = await answers[name](request, reply)
      return reply.headers(neverStored).send(answer)
    })
  }
}

/** RFC 6749 section 5.1. */
const neverStored = { 'cache-control': 'no-store', pragma: 'no-cache' }

/** Answers pages of every origin, who cannot be anybody here (Fetch standard, CORS protocol). */
export function openToAnyOrigin(app: FastifyInstance): void {
  app.addHook('onRequest', async function permit(_request, reply) {
    reply.headers({ 'access-control-allow-origin': '*', 'access-control-expose-headers': 'WWW-Authenticate' })
  })
  app.addHook('onRoute', ({ method, url, routePath }) => {
    if (method === 'OPTIONS' || method === 'HEAD' || !url.endsWith(routePath)) return
    app.options(routePath, async (_request, reply) =>
      reply
        .code(204)
        .headers({
          'access-control-allow-methods': `${method}, OPTIONS`,
          'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version',
          'access-control-max-age': '600',
        })
        .send(),
    )
  })
}

function fromClient(request: FastifyRequest) {
  const { headers, body } = request
  if (!/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) {
    throw new OAuthError('invalid_request', 'The body must be application/x-www-form-urlencoded.')
  }
  const form = new URLSearchParams(String(body ?? ''))
  return { issuer: request.guarded.origin, authorization: headers.authorization, form }
}

function jsonOf({ body }: FastifyRequest): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    throw new OAuthError('invalid_client_metadata', 'The body must be JSON.')
  }
}

/** RFC 6749 section 5.2. */
function answerFailure(error: FastifyError | OAuthError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!(error instanceof OAuthError)) return answerOAuthError(error, request, reply)
  request.log.debug({ reqId: request.id, code: error.code }, error.message)
  const isByHeader = error.code === 'invalid_client' && request.headers.authorization !== undefined
  if (isByHeader) reply.header('www-authenticate', 'Basic realm="clients"')
  return reply.code(error.status).headers(neverStored).send({ error: error.code, error_description: error.message })
}
