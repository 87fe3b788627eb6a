import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Redirection } from '../../../core/departure.ts'
import { GatewayError } from '../../../core/errors.ts'
import { displayName } from '../../../core/identity.ts'
import type { AuthorizationRequest } from '../../../core/mcp/authorization-request.ts'
import { type Asking, accountsOf } from '../../../core/mcp/consent.ts'
import { redirectPlace } from '../../../core/mcp/redirect-uri.ts'
import type { User } from '../../../core/passage.ts'
import { cookieStanding } from '../../../core/same-origin.ts'
import type { HttpSettings, Services } from '../../services.ts'
import { consentPage } from '../../views/consent.ts'

type Options = Pick<Services, 'authorizationServer' | 'guard' | 'roundTrips' | 'handOver' | 'providers'> & HttpSettings

type Answer = { Body: { decision?: unknown; shown?: unknown; provider?: unknown } | undefined }

/** Where MCP clients send their users, and where these say yes or no. */
export const authorizeRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  await authorize(app, options)

  const { authorizationServer, roundTrips, handOver, publicUrl } = options
  const { consent } = authorizationServer
  await app.register(formbody, { bodyLimit: 8192 })

  app.post<Answer>('/consent', async (request, reply) => {
    if (cookieStanding(request.guarded) !== 'counts') throw new GatewayError('cross_site')
    const asked = await read(request, options)
    if ('location' in asked) return reply.follow(asked)
    const { decision, shown, provider } = request.body ?? {}
    if (decision === 'deny') return reply.follow(consent.deny(asked))
    const user = await userOf(request, asked, options)
    const consenting = {
      request: asked,
      user,
      shown: decision === 'allow' ? String(shown) : '',
      provider: asked.route.signIn.find((name) => name === provider),
      returnTo: `${options.basePath}/authorize${request.target.search}`,
      cookies: request.cookies,
    }
    const { origin } = request.guarded
    // People sign in at public_url, and are consenting where they said yes.
    const leave: typeof roundTrips.beginForeseeing = async (start, cookies) => handOver.leave(start, origin, cookies)
    const next = await consent.allow(consenting, origin === publicUrl ? roundTrips.beginForeseeing : leave)
    // A browser that keeps no cookies would be asked for ever.
    if (next === undefined && request.headers.cookie === undefined) throw new GatewayError('attempt_unknown')
    // What was answered is not what is asked: it is asked once more.
    return reply.follow(next ?? { location: consenting.returnTo, cookies: [] })
  })
}

/** Asks the user, unless it is plain what they want. */
export async function authorize(app: FastifyInstance, options: Options): Promise<void> {
  const { authorizationServer, providers, basePath, site } = options

  app.get('/authorize', async (request, reply) => {
    const asked = await read(request, options)
    if ('location' in asked) return reply.follow(asked)
    const user = await userOf(request, asked, options)
    const next = await authorizationServer.consent.ask(asked, user, request.cookies)
    if ('location' in next) return reply.follow(next)
    reply.changeCookies(next.cookies)
    return reply.page(consentPage(site, pageOf(next, user, request)), { formAction: false })
  })

  function pageOf({ request: asked, shown }: Asking, user: User | undefined, { target }: FastifyRequest) {
    const { client, redirectUri, redirectKind, route, scopes } = asked
    const titleOf = (name: string) => providers.get(name)?.title ?? name
    return {
      client: {
        name: client.name,
        host: client.known === 'document' ? new URL(client.id).host : undefined,
        known: client.known,
      },
      redirect: { kind: redirectKind, address: redirectPlace(redirectUri) },
      tool: { title: route.title, address: route.host + route.path },
      scopes,
      accounts: accountsOf(route, user?.provider ?? route.signIn[0]).map(titleOf),
      user: user && displayName(user),
      signInWith: user === undefined ? route.signIn.map((name) => ({ name, title: titleOf(name) })) : [],
      shown,
      action: `${basePath}/consent${target.search}`,
    }
  }
}

function read(request: FastifyRequest, { authorizationServer }: Options): Promise<AuthorizationRequest | Redirection> {
  const { origin } = request.guarded
  return authorizationServer.read(new URLSearchParams(request.target.search), origin)
}

/** Who is signed in, if the route lets them in; somebody whose sign-in ended is nobody. */
async function userOf(
  request: FastifyRequest,
  { route }: AuthorizationRequest,
  { guard }: Options,
): Promise<User | undefined> {
  const user = await guard.identify(request.guarded, route.signIn).catch((error) => {
    if (error instanceof GatewayError && error.status === 401) return undefined
    throw error
  })
  return user !== undefined && route.signIn.includes(user.provider) ? user : undefined
}
