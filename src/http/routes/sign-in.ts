import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { browserName } from '../../core/browser-name.ts'
import { canonicalPath } from '../../core/canonical-path.ts'
import { GatewayError } from '../../core/errors.ts'
import { safeReturnTo } from '../../core/return-to.ts'
import { isNavigation } from '../../core/same-origin.ts'
import type { HttpSettings, Services } from '../services.ts'
import { signInPage } from '../views/sign-in.ts'

type Options = Pick<Services, 'roundTrips' | 'providers' | 'table'> & HttpSettings

/** Leaving for the provider, and coming back. */
export const signInRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  const { roundTrips, providers, table, publicUrl, basePath, site } = options
  const [firstProvider = ''] = providers.keys()
  const anywhere = [...new Set(table.routes.flatMap((route) => route.signIn))]

  app.get('/sign-in', async (request, reply) => {
    const query = queryOf(request)
    const returnTo = safeReturnTo(query.get('return_to') ?? undefined, publicUrl, basePath, `${basePath}/`)
    const tool = toolAt(request, returnTo)
    const named = query.get('provider')
    if (named !== null && providers.get(named)?.canSignIn !== true) throw new GatewayError('bad_request')
    const possible = named !== null ? [named] : (tool?.signIn ?? anywhere)
    if (possible.length <= 1) {
      const start = { purpose: 'sign_in', provider: possible[0] ?? firstProvider, returnTo } as const
      const { begin, beginForeseeing } = roundTrips
      const leave = isNavigation(request.guarded()) ? beginForeseeing : begin
      return reply.follow(await leave(start, request.cookies))
    }
    const choices = possible.map((name) => ({
      title: providers.get(name)?.title ?? name,
      href: `${basePath}/sign-in?${new URLSearchParams({ provider: name, return_to: returnTo })}`,
    }))
    return reply.page(signInPage(site, choices, tool && { title: tool.title, address: tool.host + tool.path }))
  })

  for (const name of providers.keys()) {
    // Each provider comes back to a path of its own, so that no answer can be taken for another's (RFC 9700 section 4.4).
    const path = name === firstProvider ? '/callback' : `/callback/${name}`
    app.get(path, async (request, reply) => {
      const returned = {
        query: queryOf(request),
        cookies: request.cookies,
        clientAddress: request.arrival.clientAddress,
        browser: browserName(request.headers['user-agent']),
      }
      return reply.follow(await roundTrips.complete(name, returned))
    })
  }

  function toolAt(request: FastifyRequest, returnTo: string) {
    try {
      return table.match(request.servedHost, canonicalPath(new URL(returnTo, publicUrl).pathname))
    } catch (error) {
      if (error instanceof GatewayError) return undefined
      throw error
    }
  }
}

function queryOf(request: FastifyRequest): URLSearchParams {
  return new URLSearchParams(request.target.search)
}
