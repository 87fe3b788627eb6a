import type { FastifyPluginAsync } from 'fastify'
import { GatewayError } from '../../core/errors.ts'
import type { Assets } from '../assets/assets.ts'

/** The files our pages load. Their names change with their content, so they are kept for good. */
export const assetRoutes: FastifyPluginAsync<{ readonly assets: Assets }> = async (app, { assets }) => {
  app.get<{ Params: { name: string } }>('/assets/:name', async (request, reply) => {
    const file = assets.files.get(request.params.name)
    if (file === undefined) throw new GatewayError('route_not_found')
    return reply
      .headers({
        'content-type': file.type,
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        // A logo is a picture; opened by itself it must not run anything.
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      })
      .send(file.body)
  })
}
