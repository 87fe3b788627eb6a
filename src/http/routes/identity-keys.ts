import type { FastifyPluginAsync } from 'fastify'
import { identityKeysPath } from '../../core/reserved.ts'
import type { Services } from '../services.ts'

type Options = Pick<Services, 'publishedKeys'>

/** The public keys of `X-Toolgate-Identity`, as a JWK Set (RFC 7517 section 5). New ones are there a day before use. */
export const identityKeyRoutes: FastifyPluginAsync<Options> = async (app, { publishedKeys }) => {
  app.get(identityKeysPath, async (_request, reply) => {
    const keys = await publishedKeys()
    return reply.header('cache-control', 'public, max-age=300').send({ keys: keys.map(({ publicJwk }) => publicJwk) })
  })
}
