import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { browserName } from '../../core/browser-name.ts'
import { canonicalPath } from '../../core/canonical-path.ts'
import { GatewayError } from '../../core/errors.ts'
import { originsOf } from '../../core/hosts.ts'
import { scopesToAsk } from '../../core/mcp/consent.ts'
import { hostPages, originNamed, safeReturnTo, signInPath } from '../../core/return-to.ts'
import { isNavigation } from '../../core/same-origin.ts'
import type { YetToSignIn } from '../../core/sign-in-for-host.ts'
import type { HttpSettings, Services } from '../services.ts'
import { signInPage } from '../views/sign-in.ts'

type Options = Pick<Services, 'roundTrips' | 'handOver' | 'refusedForHost' | 'signInForHost' | 'providers' | 'table'> &
  HttpSettings

/** Leaving for the provider, and coming back. */
export const signInRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  const { roundTrips, handOver, refusedForHost, signInForHost, providers, table, publicUrl, basePath, site } = options
  const origins = originsOf(table.routes, publicUrl)
  const [firstProvider = ''] = providers.keys()
  const anywhere = [...new Set(table.routes.flatMap((route) => route.signIn))]

  app.get('/sign-in', async (request, reply) => {
    const query = queryOf(request)
    const asked = query.get('return_to') ?? undefined
    const { origin: here } = request.guarded
    const origin = originNamed(asked, origins) ?? here
    const attempt = here === publicUrl ? attemptIn(query) : undefined
    const pages = attempt === undefined ? undefined : hostPages
    const returnTo = safeReturnTo(asked, origin, basePath, `${basePath}/`, pages)
    const provider = query.get('provider') ?? undefined
    if (provider !== undefined && providers.get(provider)?.canSignIn !== true) throw new GatewayError('bad_request')

    if (origin !== here && attempt !== undefined) {
      const sender = { origin, returnTo, attempt }
      const next = await signInForHost(sender, provider, request.guarded, request.cookies)
      if ('location' in next) return reply.follow(next)
      const hrefOf = (name: string) => handOver.signInAt(sender, name)
      return leave(request, reply, next, hrefOf(provider ?? ''), hrefOf)
    }
    // An attempt begins on the host that it is for: only there is its cookie.
    if (origin !== here)
      return reply.follow({ location: origin + signInPath(basePath, returnTo, provider), cookies: [] })
    if (here !== publicUrl) {
      const start = { purpose: 'sign_in', provider: provider ?? '', returnTo } as const
      return reply.follow(handOver.leave(start, here, request.cookies))
    }
    const route = toolAt(request, returnTo)
    const signIn = provider === undefined ? (route?.signIn ?? anywhere) : [provider]
    const hrefOf = (name: string) => signInPath(basePath, returnTo, name)
    return leave(request, reply, { route, signIn, consent: undefined }, returnTo, hrefOf)
  })

  /** To the one provider there is; where there are several, a page to choose. */
  async function leave(
    request: FastifyRequest,
    reply: FastifyReply,
    { route, signIn, consent }: YetToSignIn,
    returnTo: string,
    hrefOf: (provider: string) => string,
  ): Promise<FastifyReply> {
    const [name = firstProvider, ...others] = signIn
    if (others.length === 0) {
      const asked = consent && scopesToAsk(consent, name, providers.get(name)?.scopes ?? [])
      const start = { purpose: 'sign_in', provider: name, returnTo, ...asked } as const
      const { begin, beginForeseeing } = roundTrips
      const go = isNavigation(request.guarded) ? beginForeseeing : begin
      return reply.follow(await go(start, request.cookies))
    }
    const choices = signIn.map((name) => ({ title: providers.get(name)?.title ?? name, href: hrefOf(name) }))
    return reply.page(signInPage(site, choices, route && { title: route.title, address: route.host + route.path }))
  }

  app.get('/hand-over', { exposeHeadRoute: false }, async (request, reply) => {
    const query = queryOf(request)
    const { origin } = request.guarded
    const [attempt, error] = [query.get('attempt'), query.get('error')]
    if (attempt !== null && error !== null) {
      return reply.follow(await refusedForHost.receive(attempt, error, origin, request.cookies))
    }
    return reply.follow(await handOver.receive(query.get('code') ?? undefined, origin, request.cookies))
  })

  for (const name of providers.keys()) {
    // Each provider comes back to a path of its own, so that no answer can be taken for another's (RFC 9700 section 4.4).
    const path = name === firstProvider ? '/callback' : `/callback/${name}`
    app.get(path, async (request, reply) => {
      // Attempts at other hosts lead through a hand-over.
      if (request.guarded.origin !== publicUrl) throw new GatewayError('attempt_unknown')
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

/** The attempt that another host has for this browser. */
function attemptIn(query: URLSearchParams): string | undefined {
  return /^[\w-]{43}$/.exec(query.get('hand_over') ?? '')?.[0]
}

function queryOf(request: FastifyRequest): URLSearchParams {
  return new URLSearchParams(request.target.search)
}
