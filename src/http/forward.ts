import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { atEndOfTurn } from '../core/end-of-turn.ts'
import { GatewayError } from '../core/errors.ts'
import { isOpenEventStream } from '../core/event-stream.ts'
import type { RawHeaders } from '../core/headers.ts'
import { passableTrailers } from '../core/trailers.ts'
import type { AnswerListener, UpstreamClient, UpstreamRequest } from '../core/upstream-client.ts'
import { type KeepAlive, keepAlive } from './keep-alive.ts'
import { writeCopy } from './kept-pieces.ts'
import type { Unheard } from './unheard.ts'
import { upstreamError } from './upstream-error.ts'

/** A request that was let through, and how its answer goes back. */
export interface Forwarding {
  readonly reply: FastifyReply
  readonly send: UpstreamClient
  readonly request: UpstreamRequest
  /** What the client gets of the upstream's headers. */
  readonly answerHeaders: (upstream: RawHeaders) => string[]
  /** An answer with this status is not passed on. */
  readonly withheld: number | undefined
  /** How often a client is looked at that hears nothing of an event stream; `undefined`: its silence is left as it is. */
  readonly keepAliveMs: number | undefined
  /** Goes on without a client that goes away; `undefined`: that cancels the request. */
  readonly unheard: Unheard | undefined
  /** For a WebSocket handshake: goes on when the upstream has switched protocols, with what the client gets of its headers. */
  readonly join: ((upstream: Duplex, headers: RawHeaders) => Promise<void>) | undefined
}

/** `answered`: it has gone out, whole or, when one of the two sides went away, cut or not at all. */
type Outcome = 'answered' | 'withheld'

/** Up to this size a piece goes out together with the headers. Bytes. */
const maxJoined = 16 * 1024

/**
 * Sends a request on and its answer back, both as they come, neither faster than it is taken.
 * Throws the `upstream_*` codes, `body_too_large` and `bad_request` as long as nothing has gone out.
 */
export function forward(forwarding: Forwarding): Promise<Outcome> {
  const { reply, send, request, answerHeaders, withheld, keepAliveMs, unheard, join } = forwarding
  const { raw } = reply
  return new Promise((resolve, reject) => {
    /** What has come of the answer and not gone out: what comes at once goes out in one piece. */
    let status: number | undefined
    let headers: RawHeaders = []
    let held: Buffer | undefined
    let comments: KeepAlive | undefined

    function writeHead(): void {
      if (status === undefined) return
      reply.hijack()
      const passed = answerHeaders(headers)
      raw.writeHead(status, passed)
      if (keepAliveMs !== undefined && isOpenEventStream(status, passed)) comments = keepAlive(raw, keepAliveMs)
      status = undefined
    }

    function writeOut(): void {
      const isHead = status !== undefined
      writeHead()
      if (held !== undefined) {
        comments?.passed(held)
        writeCopy(raw, held)
      } else if (isHead) raw.flushHeaders()
      held = undefined
    }

    function breakOff(error: GatewayError): void {
      if (!raw.headersSent) return void reject(error)
      raw.destroy()
      resolve('answered')
    }

    if (raw.destroyed && unheard === undefined) return reject(clientGone())
    const listener: AnswerListener = {
      informed: (status, headers) => inform(raw, status, headers),
      began(began, upstreamHeaders) {
        if (began === withheld) {
          exchange.abort()
          return resolve('withheld')
        }
        status = began
        headers = upstreamHeaders
      },
      received(piece) {
        if (held !== undefined) writeOut()
        held = piece
      },
      waiting() {
        writeOut()
        if (!raw.writableNeedDrain) return true
        raw.off('drain', exchange.resume).once('drain', exchange.resume)
        return false
      },
      ended(trailers) {
        if (held !== undefined && held.length > maxJoined) writeOut()
        writeHead()
        comments?.stop()
        if (trailers.length > 0) raw.addTrailers(pairsOf(passableTrailers(trailers)))
        // A text goes out in one piece with the headers.
        const last = held?.toString('latin1')
        atEndOfTurn(() => raw.end(last, 'latin1'))
        resolve('answered')
      },
      switched(upstream, upstreamHeaders) {
        raw.off('close', onGone)
        join?.(upstream, answerHeaders(upstreamHeaders)).then(
          () => resolve('answered'),
          (error) => {
            upstream.destroy()
            reject(upstreamError(error))
          },
        )
      },
      failed: (error) => breakOff(upstreamError(error)),
    }
    const outliving = unheard?.outliving(listener)
    const exchange = send(request, outliving?.listener ?? listener)
    function onGone(): void {
      comments?.stop()
      if (raw.writableFinished) return
      const over = (began: number | undefined) =>
        resolve(began !== undefined && began === withheld ? 'withheld' : 'answered')
      if (outliving?.goOn(exchange, over)) return
      exchange.abort()
      breakOff(clientGone())
    }
    if (raw.destroyed) onGone()
    else raw.once('close', onGone)
  })
}

/** A client that went away is no failure of the upstream's. */
function clientGone(): GatewayError {
  return new GatewayError('bad_request', { cause: new Error('the client went away') })
}

function pairsOf(fields: RawHeaders): [string, string][] {
  return fields.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, fields[i + 1] ?? '']] : []))
}

/** Passes informational answers on: early hints (RFC 8297) are the only ones there are use for. */
function inform(raw: ServerResponse, status: number, headers: RawHeaders): void {
  const links = headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === 'link')
  if (status !== 103 || links.length === 0 || raw.req.httpVersion === '1.0') return
  try {
    raw.writeEarlyHints({ link: links })
  } catch {
    // A hint that is not well formed is no reason to fail.
  }
}
