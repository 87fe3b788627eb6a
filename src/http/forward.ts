import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../core/errors.ts'
import { passableTrailers } from '../core/trailers.ts'
import type { Headers } from '../core/upstream-headers.ts'
import type { RequestBody } from './request-body.ts'
import { upstreamError } from './upstream-error.ts'

/** A request that was let through, and how its answer goes back. */
export interface Forwarding {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly dispatcher: Dispatcher
  readonly path: string
  readonly headers: Headers
  readonly body: RequestBody
  /** What the client gets of the upstream's headers. */
  readonly answerHeaders: (upstream: Headers) => Headers
  /** An answer with this status is not passed on. */
  readonly withheld: number | undefined
  /** For a WebSocket handshake: goes on when the upstream has switched protocols, with what the client gets of its headers. */
  readonly join: ((upstream: Duplex, headers: Headers) => Promise<void>) | undefined
}

/** `answered`: it has gone out, whole or, when one of the two sides went away, cut. */
type Outcome = 'answered' | 'withheld'

/** RFC 9110 section 9.2.2, of the methods that tools use. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** What undici says of a kept connection that the upstream had closed by the time we used it. */
const deadConnection = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/**
 * Sends a request on and its answer back, both as they come, neither faster than it is taken.
 * Throws the `upstream_*` codes, `body_too_large` and `bad_request` as long as nothing has gone out.
 */
export async function forward(forwarding: Forwarding): Promise<Outcome> {
  try {
    return await send(forwarding).catch((error) => {
      if (!mayRepeat(forwarding, error)) throw error
      return send(forwarding)
    })
  } catch (error) {
    // A client that went away is no failure of the upstream's.
    throw forwarding.reply.raw.destroyed ? new GatewayError('bad_request', { cause: error }) : upstreamError(error)
  }
}

function mayRepeat({ request, body }: Forwarding, error: unknown): boolean {
  const isDead = error instanceof Error && 'code' in error && deadConnection.has(String(error.code))
  return isDead && body.isEmpty && idempotent.has(request.method)
}

function send(forwarding: Forwarding) {
  const { request, reply, dispatcher, path, headers, body, answerHeaders, withheld, join } = forwarding
  const { raw } = reply
  return new Promise<Outcome>((resolve, reject) => {
    let exchange: Dispatcher.DispatchController | undefined
    let isWithheld = false
    let isSilent = true
    const onGone = () => exchange?.abort(new Error('the client went away'))
    raw.once('close', onGone)

    const method = request.method as Dispatcher.HttpMethod
    dispatcher.dispatch(
      { method, path, headers, body: body.open(), ...(join && { upgrade: 'websocket' }) },
      {
        onRequestStart(controller) {
          exchange = controller
          if (raw.destroyed) onGone()
        },
        onRequestUpgrade(_controller, _status, upstreamHeaders, upstream) {
          raw.off('close', onGone)
          const onFailure = (error: unknown) => {
            upstream.destroy()
            reject(error)
          }
          join?.(upstream, answerHeaders(upstreamHeaders as Headers)).then(() => resolve('answered'), onFailure)
        },
        onResponseStart(controller, status, upstreamHeaders) {
          if (status < 200) return inform(raw, status, upstreamHeaders as Headers)
          isWithheld = status === withheld
          if (isWithheld) return controller.abort(new Error('withheld'))
          reply.hijack()
          raw.writeHead(status, answerHeaders(upstreamHeaders as Headers))
          // What comes at once goes out in one piece with the headers; they do not wait for what comes later.
          process.nextTick(() => {
            if (isSilent) raw.flushHeaders()
          })
        },
        onResponseData(controller, chunk) {
          isSilent = false
          if (raw.write(chunk)) return
          controller.pause()
          raw.once('drain', () => controller.resume())
        },
        onResponseEnd(_controller, trailers) {
          isSilent = false
          raw.off('close', onGone)
          if (Object.keys(trailers).length > 0) raw.addTrailers(passableTrailers(trailers as Headers))
          raw.end()
          resolve('answered')
        },
        onResponseError(_controller, error) {
          isSilent = false
          raw.off('close', onGone)
          if (isWithheld) resolve('withheld')
          else if (raw.headersSent) {
            raw.destroy()
            resolve('answered')
          } else reject(error)
        },
      },
    )
  })
}

/** Passes informational answers on: early hints (RFC 8297) are the only ones there are use for. */
function inform(raw: ServerResponse, status: number, { link }: Headers): void {
  if (status !== 103 || link === undefined || raw.req.httpVersion === '1.0') return
  try {
    raw.writeEarlyHints({ link })
  } catch {
    // A hint that is not well formed is no reason to fail.
  }
}
