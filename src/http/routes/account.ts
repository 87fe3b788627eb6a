import type { FastifyPluginAsync } from 'fastify'
import { GatewayError } from '../../core/errors.ts'
import { originOf } from '../../core/hosts.ts'
import { displayName } from '../../core/identity.ts'
import type { User } from '../../core/passage.ts'
import type { GuardedRoute } from '../../core/route.ts'
import { isAllowed } from '../../core/rules.ts'
import { atPublicUrl } from '../at-public-url.ts'
import type { HttpSettings, Services } from '../services.ts'
import { homePage, type ToolTile } from '../views/home.ts'

type Options = Pick<Services, 'guard' | 'providers' | 'table'> & HttpSettings

/** Who am I, and what may I open? */
export const accountRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  const { guard, providers, table, publicUrl, basePath, site } = options
  const providerNames = [...providers.keys()]
  // With one provider alone there is nothing to connect.
  const connectionsHref = providers.size > 1 ? `${basePath}/connections` : undefined

  app.get('/', { onRequest: atPublicUrl(options) }, async (request, reply) => {
    const user = await guard.identify(request.guarded, providerNames).catch((error) => {
      if (error instanceof GatewayError && error.status === 401) return undefined
      throw error
    })
    const visitor =
      user === undefined
        ? { signInHref: `${basePath}/sign-in` }
        : { user: displayName(user), signOutHref: `${basePath}/sign-out`, connectionsHref }
    return reply.page(homePage(site, visitor, tilesFor(table.routes, user, publicUrl)))
  })

  app.get('/me', async (request, reply) => {
    const user = await guard.identify(request.guarded, providerNames)
    if (user === undefined) throw new GatewayError('sign_in_required')
    const { key, sub, provider, profile, sessionEndsAt } = user
    return reply.header('cache-control', 'no-store').send({
      user: key,
      sub,
      provider,
      email: profile.email ?? null,
      name: profile.name ?? null,
      groups: profile.groups,
      session_expires_at: new Date(sessionEndsAt).toISOString(),
    })
  })
}

/** The tools a visitor may open; one who is not signed in sees only those that are open to anyone. */
function tilesFor(routes: readonly GuardedRoute[], user: User | undefined, publicUrl: string): readonly ToolTile[] {
  return routes.flatMap((route): readonly ToolTile[] => {
    const origin = originOf(route, publicUrl)
    const href = `${origin === publicUrl ? '' : origin}${route.path}/`
    const tile = { title: route.title, description: route.description || undefined, href }
    if (route.access !== 'signed_in') return [{ ...tile, access: 'open' }]
    if (user === undefined || !route.accept.includes('session') || !route.signIn.includes(user.provider)) return []
    return isAllowed(route.allow, user) ? [{ ...tile, access: 'open' }] : []
  })
}
