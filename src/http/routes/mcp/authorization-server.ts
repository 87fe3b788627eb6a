import type { FastifyPluginAsync } from 'fastify'
import type { HttpSettings, Services } from '../../services.ts'
import { authorize } from './authorize.ts'
import { answerClients, openToAnyOrigin } from './clients.ts'

type Options = Pick<Services, 'authorizationServer' | 'guard' | 'roundTrips' | 'handOver' | 'providers'> & HttpSettings

/** What MCP clients look for at the root of a host: its metadata, and, where it says so, endpoints they guess. */
export const authorizationServerRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  const { authorizationServer, hasRootAliases } = options
  await app.register(async (documents) => {
    openToAnyOrigin(documents)
    for (const name of ['oauth-authorization-server', 'openid-configuration']) {
      documents.get(`/.well-known/${name}`, async (request, reply) => {
        return reply.header('cache-control', 'no-store').send(authorizationServer.metadata(request.guarded.origin))
      })
    }
  })

  if (!hasRootAliases) return
  await app.register(async (root) => authorize(root, options))
  await app.register(async (root) => answerClients(root, options, ['token', 'register']))
}
