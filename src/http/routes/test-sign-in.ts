import formbody from '@fastify/formbody'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { GatewayError } from '../../core/errors.ts'
import { displayName } from '../../core/identity.ts'
import type { GuardedRoute } from '../../core/route.ts'
import { isAllowed } from '../../core/rules.ts'
import { cookieStanding } from '../../core/same-origin.ts'
import type { TestRun } from '../../core/test-sign-in.ts'
import type { TestStep } from '../../core/test-steps.ts'
import { atPublicUrl } from '../at-public-url.ts'
import type { HttpSettings, Services } from '../services.ts'
import { type TestStep as ShownStep, type TestPage, testPage, testReport } from '../views/test-sign-in.ts'

type Options = Pick<Services, 'guard' | 'roundTrips' | 'testSignIn' | 'providers' | 'table'> & HttpSettings

/** A sign-in that changes nothing, step by step, for tool owners. */
export const testSignInRoutes: FastifyPluginAsync<Options> = async (app, options) => {
  const { guard, roundTrips, testSignIn, providers, table, basePath, site, testers } = options
  await app.register(formbody, { bodyLimit: 1024 })
  const action = `${basePath}/test`
  app.addHook('onRequest', atPublicUrl(options))

  /** Who may see how the provider is set up. Throws `route_not_found` where that is nobody. */
  async function admit(request: FastifyRequest): Promise<void> {
    if (testers === 'anyone') return
    if (testers === 'nobody') throw new GatewayError('route_not_found')
    const user = await guard.identify(request.guarded, [...providers.keys()])
    if (user === undefined) throw new GatewayError('sign_in_required')
    if (!isAllowed(testers, user)) {
      throw new GatewayError('access_denied', { signedInAs: displayName(user) })
    }
  }

  app.get('/test', async (request, reply) => {
    await admit(request)
    const asked = new URLSearchParams(request.target.search).get('provider') ?? undefined
    // HEAD is for those who only look whether there is a page.
    const run = request.method === 'GET' ? testSignIn.take(request.cookies, request.arrival.clientAddress) : undefined
    const page: TestPage = {
      providers: [...providers.values()].map(({ name, title }) => ({ name, title })),
      routes: table.routes.filter((route) => isCallable(route)).map(({ name, title }) => ({ name, title })),
      selected: { provider: run?.provider ?? asked, route: run?.route },
      action,
    }
    if (run === undefined) return reply.page(testPage(site, page), { formAction: false })
    const report = testReport(site, page, new Date(run.startedAt))
    return reply.changeCookies(run.cookies).pageInParts(told(run, report), { formAction: false })
  })

  app.post<{ Body: { provider?: string; route?: string } | undefined }>('/test', async (request, reply) => {
    if (cookieStanding(request.guarded) !== 'counts') throw new GatewayError('cross_site')
    await admit(request)
    const { provider: name = '', route: called = '' } = request.body ?? {}
    const provider = providers.get(name)
    const route = table.routes.find((candidate) => candidate.name === called && isCallable(candidate, name))
    if (provider === undefined || (called !== '' && route === undefined)) throw new GatewayError('bad_request')
    // What the route needs is asked for as well, as a step-up would.
    const scopes = [...new Set([...provider.scopes, ...(route?.scopes ?? [])])]
    const start = {
      purpose: 'test',
      provider: name,
      scopes,
      returnTo: action,
      ...(route && { route: called }),
    } as const
    return reply.follow(await roundTrips.beginForeseeing(start, request.cookies))
  })
}

/** A tool that is given a token of the sign-in provider: of this one, or of any. */
function isCallable({ access, provider, signIn, upstream }: GuardedRoute, name = signIn[0] ?? ''): boolean {
  return upstream !== undefined && access !== 'public' && provider === undefined && signIn.includes(name)
}

/** The report, part by part. */
async function* told({ steps }: TestRun, { start, step, end }: ReturnType<typeof testReport>): AsyncGenerator<string> {
  const done: ShownStep[] = []
  yield start
  for await (const next of steps) {
    done.push(shown(next))
    yield step(shown(next))
  }
  yield end(done)
}

function shown({ id, status, result, finding }: TestStep): ShownStep {
  return { id, status, result, ...finding }
}
