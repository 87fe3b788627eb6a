import formbody from '@fastify/formbody'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { GatewayError } from '../../../core/errors.ts'
import { displayName } from '../../../core/identity.ts'
import { atPublicUrl } from '../../at-public-url.ts'
import type { HttpSettings, Services } from '../../services.ts'
import { linkPage } from '../../views/link.ts'

type Options = Pick<Services, 'guard' | 'roundTrips' | 'connections' | 'linkings' | 'providers'> & HttpSettings

type Opened = { Params: { provider: string } }

/** Where an MCP client sends its user to connect an account that a tool needs. */
export const linkRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  const { guard, roundTrips, connections, linkings, providers, basePath, site } = options
  const path = '/connections/:provider/link'
  await app.register(formbody, { bodyLimit: 1024 })

  /** Whoever is signed in, and what they are asked. Forms of other sites are refused here, as everything of theirs is. */
  async function opened(request: FastifyRequest<Opened>) {
    const user = await guard.identify(request.guarded, [...providers.keys()])
    if (user === undefined) throw new GatewayError('sign_in_required')
    const sealed = new URLSearchParams(request.target.search).get('for') ?? ''
    return { user, linking: await linkings.open(user, request.params.provider, sealed) }
  }

  app.get<Opened>(path, { onRequest: atPublicUrl(options) }, async (request, reply) => {
    const { user, linking } = await opened(request)
    const { provider, route, app, isLinked, isDone } = linking
    const question = {
      app: app?.grant.client.name,
      tool: { title: route.title, address: route.host + route.path },
      account: provider.title,
      user: displayName(user),
      isLinked,
      isDone,
      action: hereOf(request),
    }
    return reply.page(linkPage(site, question), { formAction: false })
  })

  app.post<Opened>(path, { onRequest: atPublicUrl(options) }, async (request, reply) => {
    const { user, linking } = await opened(request)
    await linkings.allow(linking)
    const here = hereOf(request)
    if (linking.isLinked) return reply.follow({ location: here, cookies: [] })
    const start = connections.start(user, linking.provider.name, here)
    return reply.follow(await roundTrips.beginForeseeing(start, request.cookies))
  })

  function hereOf({ params, target }: FastifyRequest<Opened>): string {
    return `${basePath}/connections/${params.provider}/link${target.search}`
  }
}
