import formbody from '@fastify/formbody'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Browser } from '../../core/browsers.ts'
import type { Connection } from '../../core/connections.ts'
import { GatewayError } from '../../core/errors.ts'
import { originsOf } from '../../core/hosts.ts'
import { displayName } from '../../core/identity.ts'
import type { ListedGrant } from '../../core/mcp/grant-store.ts'
import { redirectPlace } from '../../core/mcp/redirect-uri.ts'
import type { User } from '../../core/passage.ts'
import { originNamed, safeReturnTo } from '../../core/return-to.ts'
import type { GuardedRoute } from '../../core/route.ts'
import { cookieStanding } from '../../core/same-origin.ts'
import { atPublicUrl } from '../at-public-url.ts'
import type { HttpSettings, Services } from '../services.ts'
import type { BrowserEntry } from '../views/browsers.ts'
import { connectionsPage, type Connection as Entry } from '../views/connections.ts'
import type { GrantEntry } from '../views/grants.ts'

type Options = Pick<Services, 'guard' | 'roundTrips' | 'connections' | 'browsers' | 'grants' | 'providers' | 'table'> &
  HttpSettings

type Action = { Params: { provider: string }; Body: { return_to?: string } | undefined }

/** The page of linked providers and signed-in browsers, and what can be done there. */
export const connectionRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  const { guard, roundTrips, connections, browsers, grants, providers, table, publicUrl, basePath, site } = options
  const page = `${basePath}/connections`
  const origins = originsOf(table.routes, publicUrl)
  await app.register(formbody, { bodyLimit: 8192 })

  async function userOf(request: FastifyRequest): Promise<User> {
    const user = await guard.identify(request.guarded, [...providers.keys()])
    if (user === undefined) throw new GatewayError('sign_in_required')
    return user
  }

  /** Forms are sent from our own pages only. */
  async function actingUser(request: FastifyRequest): Promise<User> {
    if (cookieStanding(request.guarded) !== 'counts') throw new GatewayError('cross_site')
    return userOf(request)
  }

  app.get('/connections', { onRequest: atPublicUrl(options) }, async (request, reply) => {
    const user = await userOf(request)
    const returnTo = returnToOf(request, undefined)
    const entries = (await connections.list(user)).map((connection) => entryOf(connection, user, returnTo))
    const visitor = { user: displayName(user), signOutHref: `${basePath}/sign-out` }
    const shown = {
      entries,
      grants: (await grants.list(user)).map(grantOf),
      browsers: (await browsers.list(user)).map(browserOf),
    }
    return reply.page(connectionsPage(site, visitor, shown), { formAction: false })
  })

  app.post<Action>('/connections/:provider/connect', async (request, reply) => {
    const user = await actingUser(request)
    const returnTo = returnToOf(request, request.body?.return_to) ?? page
    const start = connections.start(user, request.params.provider, returnTo)
    const { origin } = request.guarded
    // The page is a click more: only what is sent from there may leave for a provider.
    if (origin !== publicUrl) {
      const back = URL.parse(returnTo, origin)?.href ?? ''
      return reply.follow({ location: `${publicUrl}${page}?return_to=${encodeURIComponent(back)}`, cookies: [] })
    }
    return reply.follow(await roundTrips.beginForeseeing(start, request.cookies))
  })

  /** Where somebody wants to go on: a path at this host, or a whole address at another one of ours. */
  function returnToOf(request: FastifyRequest, sent: string | undefined): string | undefined {
    const asked = sent ?? new URLSearchParams(request.target.search).get('return_to') ?? undefined
    if (asked === undefined) return undefined
    const { origin: here } = request.guarded
    const origin = originNamed(asked, origins) ?? here
    const path = safeReturnTo(asked, origin, basePath, page)
    return origin === here ? path : origin + path
  }

  app.post<Action>('/connections/:provider/refresh', async (request, reply) => {
    await connections.refresh(await actingUser(request), request.params.provider)
    return reply.follow({ location: page, cookies: [] })
  })

  app.post<Action>('/connections/:provider/disconnect', async (request, reply) => {
    await connections.disconnect(await actingUser(request), request.params.provider)
    return reply.follow({ location: page, cookies: [] })
  })

  app.post<{ Params: { id: string } }>('/sessions/:id/end', async (request, reply) => {
    await browsers.end(await actingUser(request), request.params.id)
    return reply.follow({ location: page, cookies: [] })
  })

  app.post<{ Params: { id: string } }>('/grants/:id/end', async (request, reply) => {
    await grants.end(await actingUser(request), request.params.id)
    return reply.follow({ location: page, cookies: [] })
  })

  function grantOf({ id, grant }: ListedGrant): GrantEntry {
    const { client, resource, redirectUri, scopes, accounts, createdAt, renewedAt } = grant
    return {
      name: client.name,
      tool: table.routes.find(({ mcp }) => mcp?.resource === resource)?.title ?? resource,
      redirect: redirectPlace(redirectUri),
      scopes,
      accounts: accounts.map((provider) => providers.get(provider)?.title ?? provider),
      since: new Date(createdAt),
      renewedAt: new Date(renewedAt),
      endHref: `${basePath}/grants/${id}/end`,
    }
  }

  function browserOf({ id, name, isThisOne, signedInAt, lastUsedAt }: Browser): BrowserEntry {
    return {
      name,
      isThisOne,
      signedInAt: new Date(signedInAt),
      lastUsedAt: lastUsedAt === undefined ? undefined : new Date(lastUsedAt),
      endHref: isThisOne ? undefined : `${basePath}/sessions/${id}/end`,
    }
  }

  /** The tools that are given this provider's token and need it connected. */
  function toolsOf(provider: string) {
    const uses = ({ mcp }: GuardedRoute) => [...(mcp?.toolProviders.values() ?? [])].includes(provider)
    return table.routes.filter((route) => route.provider === provider || uses(route))
  }

  function entryOf({ provider, held, state, reason }: Connection, user: User, returnTo: string | undefined): Entry {
    const isSignIn = provider.name === user.provider
    const action = (what: string) => `${page}/${provider.name}/${what}`
    const isLive = state === 'connected'
    const back = returnTo === undefined ? '' : `?return_to=${encodeURIComponent(returnTo)}`
    return {
      name: provider.name,
      title: provider.title,
      role: isSignIn ? 'sign_in' : 'connection',
      state,
      account: isSignIn ? displayName(user) : accountOf(held?.set.claims),
      scopes: held?.set.scopes ?? [],
      validUntil: held && isLive ? new Date(held.set.expiresAt) : undefined,
      refreshedAt: held && new Date(held.set.obtainedAt),
      lastError: reason,
      neededBy: isSignIn ? [] : toolsOf(provider.name).map((route) => route.title),
      connectHref: isSignIn || isLive ? undefined : action('connect') + back,
      refreshHref: isLive && held?.set.refreshToken !== undefined ? action('refresh') : undefined,
      disconnectHref: isSignIn || held === undefined ? undefined : action('disconnect'),
    }
  }
}

/** What the provider calls the user. */
function accountOf(claims: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const name = claims?.email ?? claims?.preferred_username ?? claims?.login ?? claims?.name ?? claims?.sub
  return name === undefined ? undefined : String(name)
}
