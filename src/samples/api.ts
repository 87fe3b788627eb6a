import fastify, { type FastifyInstance } from 'fastify'
import { createBearerVerifier, type Trust } from './bearer.ts'

/** A JSON API that says whose token came with the request, and which headers did. */
export function buildSampleApi(trust: Trust): FastifyInstance {
  const verifyBearer = createBearerVerifier(trust)
  const app = fastify()

  app.get('/*', async (request, reply) => {
    try {
      const { sub, username, scope } = await verifyBearer(request.headers.authorization)
      const names = Object.keys(request.headers).filter((name) => name.startsWith('x-forwarded-'))
      const headers = Object.fromEntries(names.map((name) => [name, request.headers[name]]))
      return { path: request.url, sub, username, scope, headers }
    } catch (error) {
      return reply.code(401).send({ error: String(error) })
    }
  })
  return app
}
