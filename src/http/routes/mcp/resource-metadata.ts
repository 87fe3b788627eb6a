import type { FastifyPluginAsync } from 'fastify'
import { GatewayError } from '../../../core/errors.ts'
import { resourceAt, resourceMetadata, resourceMetadataPath } from '../../../core/mcp/resource-metadata.ts'
import { createResources } from '../../../core/mcp/resources.ts'
import type { Services } from '../../services.ts'
import { openToAnyOrigin } from './clients.ts'

/** What MCP clients read of the servers of a host: who gives tokens for them (RFC 9728 section 3). */
export const resourceMetadataRoutes: FastifyPluginAsync<Pick<Services, 'table'>> = async (app, { table }) => {
  const resources = createResources(table.routes)
  openToAnyOrigin(app)

  app.get(`${resourceMetadataPath}*`, async (request, reply) => {
    const { origin: issuer } = request.guarded
    const below = request.target.path.slice(resourceMetadataPath.length)
    const route = below === '' || below.startsWith('/') ? resourceAt(resources.of(issuer), below) : undefined
    if (route === undefined) throw new GatewayError('route_not_found')
    return reply.header('cache-control', 'no-store').send(resourceMetadata(route, issuer, request.target.search))
  })
}
