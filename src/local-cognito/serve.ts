import { Readable } from 'node:stream'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, html, Refusal } from './answer.ts'
import { milliseconds } from './config.ts'
import { faultAnswer } from './fault-answer.ts'
import { clientIdOf, type Incoming, incoming } from './incoming.ts'
import type { LogEntry } from './log.ts'
import { notUnderstoodPage } from './pages.ts'
import type { Endpoint } from './schema.ts'
import type { State } from './state.ts'

/** One path and what answers it. A path without an endpoint name takes no faults and is not counted. */
export interface Path {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly endpoint: Endpoint | null
  readonly handle: (state: State, request: Incoming) => Answer | Promise<Answer>
}

/** Serves an origin: logs each request, applies faults, turns answers and refusals into replies. */
export function serve(
  app: FastifyInstance,
  state: State,
  paths: readonly Path[],
  notFound: (path: string) => Refusal,
): void {
  const endpoints = new Map(paths.map(({ url, endpoint }) => [url, endpoint]))
  const closing = new AbortController()

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.decorateRequest('entry', null)
  app.decorateRequest('csrf', '')
  app.addHook('onRequest', async (request) => {
    const path = pathOf(request)
    request.setDecorator('entry', state.log.begin(request.method, path, endpoints.get(path) ?? null))
  })
  app.addHook('preClose', async () => closing.abort())
  app.setNotFoundHandler((request, reply) => send(request, reply, notFound(pathOf(request))))
  app.setErrorHandler((error, request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
    const rule = error instanceof Error && 'code' in error ? String(error.code) : 'internal_error'
    return send(request, reply, new Refusal(rule, html(status, notUnderstoodPage(status))))
  })

  for (const { method, url, endpoint, handle } of paths) {
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        const entry = entryOf(request)
        const asked = incoming(request)
        entry.client_id = clientIdOf(asked)
        const fault = endpoint === null ? undefined : state.faults.take(endpoint)
        if (fault?.delay !== undefined) {
          await setTimeout(milliseconds(fault.delay), undefined, { signal: closing.signal })
        }
        if (fault?.hang === true) {
          state.log.finish(entry, null, 'fault_hang')
          return reply.hijack()
        }
        const outcome = await attempt(() => faultAnswer(state, fault, asked) ?? handle(state, asked))
        return send(request, reply, outcome, fault?.truncate)
      },
    })
  }

  function send(request: FastifyRequest, reply: FastifyReply, outcome: Answer | Refusal, truncate = false) {
    const [answer, rule] = outcome instanceof Refusal ? [outcome.answer, outcome.rule] : [outcome, null]
    state.log.finish(entryOf(request), answer.status, truncate ? 'fault_truncate' : rule)
    for (const { name, value, ...age } of answer.cookies ?? []) {
      reply.setCookie(name, value, { ...age, ...cookieOptions(state) })
    }
    reply.code(answer.status).headers(answer.headers ?? {})
    return truncate
      ? reply.header('content-length', length(answer)).send(half(answer))
      : reply.send(answer.body || undefined)
  }
}

/** As seen in traces; Secure only on https, or a browser would drop the cookies here. */
export function cookieOptions({ urls }: State): CookieSerializeOptions {
  return { path: '/', secure: urls.domain.startsWith('https:'), httpOnly: true, sameSite: 'lax' }
}

/** The path as it was sent: no query, nothing decoded, nothing normalised. */
function pathOf(request: FastifyRequest): string {
  return request.url.replace(/\?.*$/s, '')
}

function entryOf(request: FastifyRequest): LogEntry {
  return request.getDecorator<LogEntry>('entry')
}

async function attempt(handle: () => Answer | Promise<Answer>): Promise<Answer | Refusal> {
  try {
    return await handle()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

function length({ body = '' }: Answer): number {
  return Math.max(2, Buffer.byteLength(body))
}

/** Ends with an error after the first half, which makes Fastify destroy the connection. */
function half(answer: Answer): Readable {
  const first = Buffer.from(answer.body || ' ').subarray(0, Math.floor(length(answer) / 2))
  return Readable.from(
    (async function* () {
      yield first
      await setImmediate()
      throw new Error('truncated by a fault')
    })(),
  )
}
