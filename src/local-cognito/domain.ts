import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Answer, errorPage as errorRedirect, html, Refusal } from './answer.ts'
import { authorize } from './authorize.ts'
import { showLogin, submitLogin } from './login.ts'
import { logout } from './logout.ts'
import { errorPage, notUnderstoodPage } from './pages.ts'
import { revoke } from './revoke.ts'
import { cookieOptions, type Path, serve } from './serve.ts'
import type { State } from './state.ts'
import { token } from './token.ts'
import { userInfo } from './user-info.ts'

const paths: readonly Path[] = [
  { method: 'GET', url: '/oauth2/authorize', endpoint: 'authorize', handle: authorize },
  { method: 'GET', url: '/login', endpoint: 'login', handle: showLogin },
  { method: 'POST', url: '/login', endpoint: 'login', handle: submitLogin },
  { method: 'POST', url: '/oauth2/token', endpoint: 'token', handle: token },
  { method: 'GET', url: '/oauth2/userInfo', endpoint: 'userInfo', handle: userInfo },
  { method: 'POST', url: '/oauth2/revoke', endpoint: 'revoke', handle: revoke },
  { method: 'GET', url: '/logout', endpoint: 'logout', handle: logout },
  { method: 'GET', url: '/error', endpoint: null, handle: showError },
  { method: 'GET', url: '/oauth2/idpresponse', endpoint: null, handle: noFederation },
]

/** On every reply of the domain, as seen in traces. */
const commonHeaders = {
  'cache-control': 'no-cache, no-store, max-age=0, must-revalidate',
  pragma: 'no-cache',
  expires: '0',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'x-xss-protection': '1; mode=block',
  'strict-transport-security': 'max-age=31536000 ; includeSubDomains',
  server: 'Server',
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The user pool domain. Paths are matched as sent: `//oauth2/token` is nothing we know. */
export async function createDomain(state: State): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true })
  await app.register(cookie)
  app.addHook('onRequest', async (request, reply) => {
    // A browser keeps the one it has, or a second tab would break the form in the first.
    const sent = request.cookies['XSRF-TOKEN'] ?? ''
    const csrf = uuid.test(sent) ? sent : firstCsrf(request.headers['user-agent'])
    request.setDecorator('csrf', csrf)
    reply.headers({ ...commonHeaders, 'x-amz-cognito-request-id': randomUUID() })
    reply.setCookie('XSRF-TOKEN', csrf, cookieOptions(state))
  })
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith('/oauth2/token')) reply.header('access-control-allow-origin', '*')
  })
  serve(app, state, paths.map(onlyWithDomain), notFound)
  return app
}

const csrfSecret = randomBytes(32)

/** The same for two tabs that load their first page at the same time; no other site can read it. */
function firstCsrf(userAgent = ''): string {
  const hash = createHmac('sha256', csrfSecret).update(userAgent).digest('hex')
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}

/** Without a domain there is nothing at its address. */
function onlyWithDomain(path: Path): Path {
  const handle: Path['handle'] = (state, request) => {
    if (!state.pool.domain) throw new Refusal('pool_without_domain', html(404, notUnderstoodPage(404)))
    return path.handle(state, request)
  }
  return { ...path, handle }
}

function notFound(path: string): Refusal {
  const refuse = (rule: string, status: number) => new Refusal(rule, html(status, notUnderstoodPage(status)))
  if (paths.some(({ url }) => url === path)) return refuse('method_not_supported', 400)
  if (path.startsWith('/.well-known/')) return refuse('discovery_is_at_the_issuer', 400)
  return refuse(path.startsWith('//') ? 'double_slash' : 'path_unknown', 404)
}

function showError(_state: State, { query }: { readonly query: URLSearchParams }): Answer {
  return html(400, errorPage(query.get('error') ?? ''))
}

/** Only other identity providers come here, and there are none. */
function noFederation(state: State): Answer {
  throw new Refusal('no_federation', errorRedirect(state.urls.domain, 'invalid_request'))
}
