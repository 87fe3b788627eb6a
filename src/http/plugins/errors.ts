import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { GatewayError, type GatewayErrorCode } from '../../core/errors.ts'
import { causeIn } from '../../core/finding.ts'
import { ScopeError } from '../../core/passage.ts'
import { ProviderError } from '../../core/provider.ts'
import { nextRetry } from '../../core/retry.ts'
import { signInPath } from '../../core/return-to.ts'
import { AttemptError } from '../../core/round-trip.ts'
import { isNavigation } from '../../core/same-origin.ts'
import { challenge } from '../challenge.ts'
import { problemJson } from '../problem.ts'
import type { HttpSettings } from '../services.ts'
import { type ErrorPage, errorPage, notSentPage } from '../views/error.ts'
import type { Site } from '../views/layout.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Title of the tool that was asked for, once that is known. */
    toolTitle: string | undefined
  }
}

type Options = Pick<HttpSettings, 'publicUrl' | 'basePath' | 'cookieName' | 'site' | 'testers'>

/** Every failure as a page for a browser that loads one, as problem JSON (RFC 9457) for everything else. */
export default fp<Options>(
  async function errors(app, options) {
    app.decorateRequest('toolTitle', undefined)
    app.decorateRequest('challenge', undefined)
    app.decorateRequest('demand', undefined)
    app.setNotFoundHandler((request, reply) =>
      answerError(new GatewayError('route_not_found'), request, reply, options),
    )
    app.setErrorHandler<FastifyError>((error, request, reply) => answerError(error, request, reply, options))
  },
  { name: 'errors', fastify: '5.x', dependencies: ['pages', 'cookies'] },
)

/** Answers a failure. Also for those that Fastify meets before any hook has run. */
export function answerError(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
  options: Options,
): FastifyReply {
  const failure = begin(error, request, reply)
  const origination = { method: request.method, headers: request.headers, origin: options.publicUrl }
  if (isNavigation(origination) || mayBeFormPost(request)) return answerWithPage(failure, request, reply, options)
  // Of a host that is not ours nothing is known.
  const origin = request.guarded === undefined ? options.publicUrl : request.guarded.origin
  return answerWithProblem(failure, request, reply, options, origin)
}

/** As `answerError`, where a page is of no use. */
export function answerProblem(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
  options: Pick<Options, 'publicUrl' | 'basePath'>,
): FastifyReply {
  return answerWithProblem(begin(error, request, reply), request, reply, options)
}

/** As an OAuth endpoint answers a failure (RFC 6749 section 5.2), with our own code beside its. */
export function answerOAuthError(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = begin(error, request, reply)
  const unavailable = failure.status === 503 || failure.status === 429 ? 'temporarily_unavailable' : 'server_error'
  const code = failure.status < 500 && failure.status !== 429 ? 'invalid_request' : unavailable
  // Nobody is asked to authenticate: what was sent is wrong.
  if (failure.status === 401) reply.code(400)
  return reply
    .headers({ 'content-type': 'application/json', 'cache-control': 'no-store' })
    .send(JSON.stringify({ error: code, error_description: failure.owner ?? failure.message, code: failure.code }))
}

/** What every answer to a failure has, whatever its body. */
function begin(error: Error, request: FastifyRequest, reply: FastifyReply): GatewayError {
  const failure = asGatewayError(error)
  log(failure, request)
  if (failure instanceof AttemptError) reply.changeCookies(failure.cookies)
  reply.code(failure.status)
  // What is left of the body is not waited for.
  if (failure.status === 413) reply.header('connection', 'close')
  if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', failure.retryAfterSeconds)
  return failure
}

/** A form sent by hand: a navigation that is not GET. Only browsers that say so can be told from programs. */
function mayBeFormPost({ method, headers }: FastifyRequest): boolean {
  return method !== 'GET' && headers['sec-fetch-mode'] === 'navigate'
}

function answerWithPage(
  failure: GatewayError,
  request: FastifyRequest,
  reply: FastifyReply,
  { publicUrl, basePath, cookieName, ...options }: Options,
): FastifyReply {
  const site = request.servedHost === new URL(publicUrl).host ? options.site : siteFrom(publicUrl, options.site)
  const isGet = request.method === 'GET' || request.method === 'HEAD'
  const here = request.target ? request.target.path + request.target.search : undefined
  const signInHref = (returnTo: string | undefined) => signInPath(basePath, returnTo)

  if (signInHelps(failure) && isGet) {
    return reply.header('cache-control', 'no-store').redirect(signInHref(here), 302)
  }
  const page: ErrorPage = {
    status: failure.status,
    code: failure.code,
    requestId: request.id,
    time: new Date(),
    tool: request.toolTitle,
    host: request.servedHost || undefined,
    signedInAs: failure.signedInAs,
    details: detailsOf(failure, options.testers === 'nobody' ? undefined : `${basePath}/test`),
    provider: failure.provider?.title,
    refusal: refusalOf(failure),
    missingScopes: failure instanceof ScopeError ? failure.missing : undefined,
    ...(isGet && retrying(failure, request, reply, cookieName)),
    ...wayOn(failure, basePath, isGet ? here : undefined),
  }
  reply.headers(challenge(failure, request))
  if (signInHelps(failure)) return reply.page(notSentPage(site, { ...page, signInHref: signInHref(undefined) }))
  return reply.page(errorPage(site, page), { formAction: failure.code !== 'connection_required' })
}

/** Whether what is missing is a sign-in, not another token. */
export function signInHelps({ code }: GatewayError): boolean {
  return code === 'sign_in_required' || code === 'session_ended'
}

/** What the owner of a tool is told of a sign-in that failed. */
function detailsOf({ code, owner, finding, provider }: GatewayError, test: string | undefined): ErrorPage['details'] {
  if (owner === undefined && finding === undefined) return undefined
  const isTestable = test !== undefined && code === 'provider_refused'
  return {
    description: owner,
    cause: finding && causeIn(finding),
    remedy: finding?.remedy,
    paste: finding?.paste,
    where: finding?.where,
    docs: finding?.docs,
    testHref: isTestable ? `${test}${provider ? `?provider=${provider.name}` : ''}` : undefined,
  }
}

/** Whose turn it is after a refusal: the owner's where the set-up is wrong, the person's where they were turned away. */
function refusalOf({ finding, cause }: GatewayError): ErrorPage['refusal'] {
  if (finding?.status === 'problem') return 'set_up'
  return cause instanceof ProviderError && cause.error === 'access_denied' ? 'denied' : undefined
}

/** The page tries again by itself, each time later, where the failure says after how long it may. */
function retrying(
  { retryAfterSeconds }: GatewayError,
  request: FastifyRequest,
  reply: FastifyReply,
  cookieName: string,
): Pick<ErrorPage, 'retryAfterSeconds' | 'since'> {
  if (retryAfterSeconds === undefined) return {}
  const name = `${cookieName}.r`
  const { delaySeconds, since, cookie } = nextRetry(name, request.cookies?.[name], retryAfterSeconds, Date.now())
  reply.changeCookies([cookie]).header('retry-after', delaySeconds)
  return { retryAfterSeconds: delaySeconds, since: since === undefined ? undefined : new Date(since) }
}

/** Our files and pages as they are found from a host that is not ours. */
function siteFrom(publicUrl: string, { assets, ...site }: Site): Site {
  const href: Site['assets']['href'] = (name) => {
    const address = assets.href(name)
    return address.startsWith('/') ? publicUrl + address : address
  }
  return { ...site, home: publicUrl + site.home, assets: { ...assets, href } }
}

/** What the person can do next, where it is not just the home page. */
function wayOn(
  failure: GatewayError,
  basePath: string,
  here: string | undefined,
): Pick<ErrorPage, 'wayOn' | 'secondary'> {
  if (failure instanceof AttemptError) {
    const { purpose, returnTo } = failure
    return { wayOn: { does: 'try_again', href: purpose === 'sign_in' ? signInPath(basePath, returnTo) : returnTo } }
  }
  if (failure.code === 'attempt_unknown')
    return { wayOn: { does: 'start_again', href: signInPath(basePath, undefined) } }
  if (failure.code === 'access_denied' || failure.code === 'link_of_another')
    return { secondary: { does: 'switch_account', href: `${basePath}/sign-out` } }
  if (failure.code === 'connection_required' && failure.provider !== undefined) {
    return { wayOn: { does: 'connect', method: 'post', href: connectPath(basePath, failure.provider.name, here) } }
  }
  const mayPass = failure.status >= 500 || failure.status === 429 || failure.code === 'provider_refused'
  if (mayPass && here !== undefined) return { wayOn: { does: 'try_again', href: here } }
  return {}
}

/** Where a form starts to link a provider, and comes back. */
function connectPath(basePath: string, provider: string, returnTo: string | undefined): string {
  const query = returnTo === undefined ? '' : `?return_to=${encodeURIComponent(returnTo)}`
  return `${basePath}/connections/${provider}/connect${query}`
}

function answerWithProblem(
  failure: GatewayError,
  request: FastifyRequest,
  reply: FastifyReply,
  { publicUrl, basePath }: Pick<Options, 'publicUrl' | 'basePath'>,
  origin = publicUrl,
): FastifyReply {
  const { code, status, message: title, scopes } = failure
  const connectUrl = code === 'connection_required' ? `${publicUrl}${basePath}/connections` : undefined
  const signInUrl = signInHelps(failure) ? `${origin}${basePath}/sign-in` : undefined
  return reply
    .headers({
      ...challenge(failure, request),
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    })
    .send(problemJson({ code, status, title, requestId: request.id, signInUrl, connectUrl, scope: scopes?.join(' ') }))
}

/** Fastify's own refusals, by their code; anything else is a fault of ours and says nothing. */
const fastifyCodes: Readonly<Record<string, GatewayErrorCode>> = {
  FST_ERR_BAD_URL: 'bad_path',
  ECONNRESET: 'bad_request',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'bad_request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'bad_request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'bad_request',
}

function asGatewayError(error: Error): GatewayError {
  if (error instanceof GatewayError) return error
  const code = 'code' in error ? fastifyCodes[String(error.code)] : undefined
  return new GatewayError(code ?? 'internal_error', { cause: error })
}

/** Whole episodes, which have a line of their own where they begin and end: not one for each request in them. */
const episodes: ReadonlySet<GatewayErrorCode> = new Set(['store_unavailable', 'provider_unavailable'])

function log(failure: GatewayError, request: FastifyRequest): void {
  const facts = { reqId: request.id, code: failure.code, tool: request.toolTitle, err: failure.cause }
  if (failure.status >= 500 && !episodes.has(failure.code)) request.log.error(facts, failure.message)
  else request.log.debug(facts, failure.message)
}
