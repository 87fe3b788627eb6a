import formbody from '@fastify/formbody'
import type { FastifyPluginAsync } from 'fastify'
import { GatewayError } from '../../core/errors.ts'
import { displayName } from '../../core/identity.ts'
import { cookieStanding } from '../../core/same-origin.ts'
import type { HttpSettings, Services } from '../services.ts'
import { signedOutPage, signOutPage } from '../views/sign-out.ts'

type Options = Pick<Services, 'guard' | 'signOut' | 'providers'> & HttpSettings

const noteSeconds = 600

/** The page that asks, the form that acts, and the page that says what ended. */
export const signOutRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  const { guard, signOut, providers, basePath, cookieName, site } = options
  await app.register(formbody, { bodyLimit: 1024 })
  /** Tells the signed-out page what ended: the provider sends the browser back without a word. */
  const noteName = `${cookieName}.o`

  app.get('/sign-out', async (request, reply) => {
    const user = await guard.identify(request.guarded, [...providers.keys()], { asStored: true })
    if (user === undefined) return reply.follow({ location: `${basePath}/signed-out`, cookies: [] })
    return reply.page(signOutPage(site, { user: displayName(user), action: `${basePath}/sign-out` }), {
      formAction: false,
    })
  })

  app.post<{ Body: { everywhere?: string } | undefined }>('/sign-out', async (request, reply) => {
    if (cookieStanding(request.guarded) !== 'counts') throw new GatewayError('cross_site')
    const query = new URLSearchParams(request.target.search)
    const everywhere = (request.body?.everywhere ?? query.get('everywhere')) === 'true'
    const { location, cookies, provider, endsProviderSession } = await signOut(
      request.cookies,
      everywhere,
      request.guarded.origin,
    )
    const ended = [everywhere ? 'everywhere' : 'here', endsProviderSession ? 'ended' : 'kept', provider]
    const note = { name: noteName, value: ended.join('.'), maxAgeSeconds: noteSeconds }
    return reply.follow({ location, cookies: [...cookies, note] })
  })

  app.get('/signed-out', async (request, reply) => {
    const user = await guard.identify(request.guarded, [...providers.keys()], { asStored: true })
    if (user !== undefined) return reply.follow({ location: `${basePath}/`, cookies: [] })
    const [scope, providerSession, name = ''] = request.cookies[noteName]?.split('.') ?? []
    const provider = providers.get(name)
    reply.changeCookies([{ name: noteName, value: '', maxAgeSeconds: 0 }])
    return reply.page(
      signedOutPage(site, {
        everywhere: scope === undefined ? undefined : scope === 'everywhere',
        provider: provider?.title,
        providerSession: providerSession === 'ended' ? 'ended' : 'kept',
        signInHref: `${basePath}/sign-in`,
      }),
    )
  })
}
