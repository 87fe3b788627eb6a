import formbody from '@fastify/formbody'
import type { FastifyPluginAsync } from 'fastify'
import { GatewayError } from '../../core/errors.ts'
import { answerOAuthError } from '../plugins/errors.ts'
import type { Services } from '../services.ts'

type Logout = { Params: { provider: string }; Body: { logout_token?: unknown } | undefined }

/** Where providers say that somebody signed out there: servers, without cookies, so from wherever they are. */
export const backchannelLogoutRoutes: FastifyPluginAsync<Pick<Services, 'backchannelLogout'>> = async (
  app,
  options,
) => {
  app.removeAllContentTypeParsers()
  await app.register(formbody, { bodyLimit: 16_384 })
  app.setErrorHandler<Error>(answerOAuthError)

  app.post<Logout>('/backchannel-logout/:provider', async (request, reply) => {
    const token = request.body?.logout_token
    if (typeof token !== 'string') throw new GatewayError('bad_request')
    await options.backchannelLogout(request.params.provider, token)
    return reply.header('cache-control', 'no-store').send()
  })
}
