import type { Duplex } from 'node:stream'
import type { FieldLines } from './field-lines.ts'
import type { RawHeaders } from './headers.ts'

/** A request for an upstream. How its body is framed is for the client to say: no header does. */
export interface UpstreamRequest {
  readonly method: string
  readonly path: string
  readonly headers: FieldLines
  readonly body: BodySource | undefined
  /** Asks for a WebSocket. Its headers are there; `Connection` and `Upgrade` are the client's to write. */
  readonly upgrade: boolean
  /** Its answer may be silent for long: what it waits for may come some time. */
  readonly listens?: boolean
}

/** A body on its way up, as it comes. */
export interface BodySource {
  /** In bytes, where that was announced. */
  readonly length: number | undefined
  /** Begins to send it there. Gives what to call when the sink takes more again. */
  readonly flow: (sink: BodySink) => () => void
}

/** Where a body goes. */
export interface BodySink {
  /** False: the sink wants no more for now. */
  readonly write: (piece: Uint8Array) => boolean
  readonly end: () => void
  /** It will not be whole: the request cannot be either. */
  readonly fail: (error: Error) => void
}

/** Hears of an answer, piece by piece. After `ended`, `switched` or `failed` nothing more comes. Header names in lower case. */
export interface AnswerListener {
  /** An informational answer (RFC 9110 section 15.2). */
  readonly informed: (status: number, headers: RawHeaders) => void
  readonly began: (status: number, headers: RawHeaders) => void
  /** A piece of the body, overwritten by what is read next: what is kept longer than until `waiting` is to be copied. */
  readonly received: (piece: Buffer) => void
  /** No more came along with that. False: no more is wanted until `resume`. */
  readonly waiting: () => boolean
  readonly ended: (trailers: RawHeaders) => void
  /** The connection speaks another protocol now, and is the listener's. It is paused. */
  readonly switched: (connection: Duplex, headers: RawHeaders) => void
  readonly failed: (error: unknown) => void
}

/** A request that is under way. Once it is over neither does anything. */
export interface UpstreamExchange {
  readonly resume: () => void
  /** Gives it up. The listener hears no more of it. */
  readonly abort: () => void
}

/** Sends requests to one upstream. Never throws: what goes wrong, the listener hears. */
export type UpstreamClient = (request: UpstreamRequest, listener: AnswerListener) => UpstreamExchange
